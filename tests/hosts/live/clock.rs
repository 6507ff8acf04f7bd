//! A clock that is set forth and back while the host runs.

use anyhow::Result;
use portcullis_host_tests::hosts::Kind;
use portcullis_test_support::client::Response;
use portcullis_test_support::identity_provider::{Fault, IdentityProvider, KEYS, ME, Person, Signing};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::summary::Summary;
use serde_json::json;

use crate::scene::{Scene, expect, expect_unavailable, issuer_by_url};

const HOUR: i64 = 3600;
/// Longer than keys are used that cannot be fetched.
const WEEK: i64 = 7 * 24 * HOUR;
const OPAQUE: &str = "opaque-of-alice-0123456789";

pub(crate) fn steps(kind: Kind, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let identity = json!({
        "ask": ME,
        "about": ["opaque"],
        "active": {"/results/is_active": true},
        "subject": "/results/id",
        "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
    });
    let members = json!({"issuers": [issuer_by_url(&provider)], "identity": identity});
    let scene = Scene::start_with_clock(kind, "clock", provider, members)?;
    let provider = &scene.provider;
    let now = i64::try_from(now_secs())?;

    // Good for ten minutes from now.
    let token = provider.token("ES256-1", "alice", "user")?;
    for (what, shift, status) in [
        ("now", 0, 200),
        ("after its end", HOUR, 401),
        ("back", 0, 200),
        ("before it was issued", -HOUR, 401),
        ("forth", 0, 200),
        ("in 1970", -now, 503),
        ("forth again", 0, 200),
    ] {
        expect(summary, &format!("a token {what}"), scene.ask_at(shift, &token)?.status, status);
    }

    // A yes counts for 30 seconds, and does not grow younger.
    provider.admit(OPAQUE, Person::new("alice", "user"));
    expect(summary, "a yes", scene.ask_at(0, OPAQUE)?.status, 200);
    provider.admit(OPAQUE, Person { is_active: false, ..Person::new("alice", "user") });
    if kind == Kind::Component {
        // Which of its instances answers is not for a test to choose, and each has its own memory.
        expect(summary, "after the time of a yes", scene.ask_at(31, OPAQUE)?.status, 401);
    } else {
        expect(summary, "a yes that is remembered", scene.ask_at(20, OPAQUE)?.status, 200);
        expect(summary, "a yes of which nobody knows the age", scene.ask_at(5, OPAQUE)?.status, 401);
        expect(summary, "questions", provider.requests(ME), 2);
    }

    // Keys that cannot be fetched are used for a day. An instance of the component that has just begun has none.
    let known = |summary: &mut Summary, what: &str, response: &Response| {
        if kind == Kind::Component && response.status == 503 {
            expect_unavailable(summary, what, response);
        } else {
            expect(summary, what, response.status, 200);
        }
    };
    provider.fail_at(KEYS, Fault::Down);
    let claims = json!({"iss": provider.issuer(), "user_id": "alice", "role": "user", "exp": now + 2 * WEEK});
    let lasting = provider.mint("ES256-1", claims)?;
    known(summary, "keys of an hour ago", &scene.ask_at(HOUR, &lasting)?);
    expect_unavailable(summary, "keys of a week ago", &scene.ask_at(WEEK, &lasting)?);
    known(summary, "keys when the clock is right again", &scene.ask_at(0, &lasting)?);
    provider.recover();
    known(summary, "at the end", &scene.ask_at(0, &token)?);
    Ok(())
}
