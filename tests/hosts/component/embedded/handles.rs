//! Handles that a host keeps too long, or uses twice.

use anyhow::Result;
use portcullis_test_support::client::Request;
use portcullis_test_support::host::gate::GateComponent;
use portcullis_test_support::identity_provider::{KEYS, ME, Person};
use portcullis_test_support::summary::Summary;

use super::embedder::{Embedder, compare};
use crate::live::stage::{PATH, by_url};
use crate::live::who_am_i;
use crate::props::Props;

const ALICE: &str = "opaque-alice-0123456789";
const NOBODY: &str = "opaque-nobody-0123456789";

/// What was used fails before anything decides, and nothing is learned from it; what waits outlives its gate.
pub(crate) fn check(component: &GateComponent, _: &Props, summary: &mut Summary) -> Result<()> {
    let get = |credential: &str| Request::new("GET", PATH).bearer(credential);
    let mut embedder = Embedder::start(component, who_am_i)?;
    embedder.provider.admit(ALICE, Person::new("alice", "user"));
    let now = embedder.now;

    let step = embedder.begin(&get(ALICE))?;
    let (of_alice, yes) = (embedder.gate.last()?, embedder.send(&step["need"]["call"])?);
    let step = embedder.gate.reply(of_alice, yes.as_ref(), now)?;
    compare("a first reply", &step["verdict"], (200, None), summary);
    let again = embedder.gate.reply(of_alice, yes.as_ref(), now);
    summary.count(again.is_ok().then(|| format!("a second reply: got {again:?}, expected to fail")));

    // A yes about one, under the handle of another that was used.
    let step = embedder.begin(&get(NOBODY))?;
    let (of_nobody, no) = (embedder.gate.last()?, embedder.send(&step["need"]["call"])?);
    let step = embedder.gate.reply(of_nobody, no.as_ref(), now)?;
    let rejected = (401, Some("credential_rejected"));
    compare("a no", &step["verdict"], rejected, summary);
    let forged = embedder.gate.reply(of_nobody, yes.as_ref(), now);
    summary.count(forged.is_ok().then(|| format!("a yes after a no: got {forged:?}, expected to fail")));
    embedder.expect("after it", &get(NOBODY), rejected, summary)?;
    embedder.expect("after both", &get(ALICE), (200, None), summary)?;
    embedder.expect_requests("in all", (ME, 0), 2, summary);

    let mut embedder = Embedder::start(component, by_url)?;
    let now = embedder.now;
    let fetch = embedder.gate.due(now)?;
    let (fetched, keys) = (embedder.gate.last()?, embedder.send(&fetch["call"])?);
    embedder.gate.reply(fetched, keys.as_ref(), now)?;
    let again = embedder.gate.reply(fetched, keys.as_ref(), now);
    summary.count(again.is_ok().then(|| format!("a second set of keys: got {again:?}, expected to fail")));
    embedder.expect_requests("in all", (KEYS, 0), 1, summary);

    let mut embedder = Embedder::start(component, by_url)?;
    // Not before the token was issued.
    let now = embedder.now;
    let step = embedder.begin(&get(&embedder.provider.token("ES256-1", "alice", "user")?))?;
    let pending = embedder.gate.last()?;
    embedder.gate.drop_gate()?;
    let reply = embedder.send(&step["need"]["call"])?;
    let step = embedder.gate.reply(pending, reply.as_ref(), now)?;
    compare("after its gate", &step["verdict"], (200, None), summary);
    let gone = embedder.gate.due(now);
    summary.count(gone.is_ok().then(|| format!("a gate that was dropped: got {gone:?}, expected to fail")));
    Ok(())
}
