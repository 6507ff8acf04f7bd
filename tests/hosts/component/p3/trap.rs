//! A trap ends an instance, and lets nothing through.

use std::path::Path;

use anyhow::Result;
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::summary::Summary;

use super::gate::{serve, token};
use super::origin::Origin;
use crate::props::Props;

/// A little more than an instance takes at rest, so that a large request makes it trap.
const LITTLE_MEMORY: &[&str] = &["-Wmax-memory-size=1441792", "-Wtrap-on-grow-failure=n"];

/// A request that traps is answered by the host, and the next one by a fresh instance.
pub(crate) fn check(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let origin = runtime.block_on(Origin::start())?;
    let gate = serve(component, props, origin.address, LITTLE_MEMORY, "check-p3-trap")?;
    let user = Request::new("POST", "/trailers").bearer(&token(props, "alice")?);
    let large =
        (0..90).fold(user.clone(), |request, index| request.header(format!("x-{index}"), "y".repeat(3000)));
    for (what, request, fails) in
        [("before a trap", &user, false), ("a trap", &large, true), ("after a trap", &user, false)]
    {
        let before = origin.arrivals();
        let status = runtime.block_on(client::send(gate.address(), request))?.status;
        let arrived = origin.arrivals() - before;
        let right = if fails { status >= 500 && arrived == 0 } else { status == 200 && arrived == 1 };
        summary.count((!right).then(|| format!("{what}: got {status}, and {arrived} requests arrived")));
    }
    Ok(())
}
