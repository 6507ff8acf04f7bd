//! The bundle under any order of time, answers and failures.

use portcullis::limits::LEEWAY_SECS;
use proptest::prelude::*;
use serde_json::json;

use super::bundle::{BUNDLE, TYPE, document, page, token};
use super::host::{Host, ISSUER, Page, Signer};

const STALE: u64 = 400;
const LIFETIME: u64 = 1000;

/// What is served from now on.
#[derive(Debug, Clone, Copy)]
enum Serve {
    /// A bundle of this version, made now; whether it takes the token back.
    Bundle(u64, bool),
    Forged,
    Down,
    Html,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Serve(Serve),
    Pass(u64),
    /// The clock is set back.
    Back(u64),
    Request,
    Tick,
}

fn event() -> impl Strategy<Value = Event> {
    let serve = prop_oneof![
        4 => (1_u64..6, any::<bool>()).prop_map(|(version, revokes)| Serve::Bundle(version, revokes)),
        1 => Just(Serve::Forged),
        1 => Just(Serve::Down),
        1 => Just(Serve::Html),
    ];
    prop_oneof![
        4 => serve.prop_map(Event::Serve),
        4 => (0_u64..90).prop_map(Event::Pass),
        2 => (90_u64..1500).prop_map(Event::Pass),
        1 => (3_u64..2000).prop_map(Event::Back),
        6 => Just(Event::Request),
        3 => Just(Event::Tick),
    ]
}

/// A bundle that was served, or counts.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Made {
    version: u64,
    revokes: bool,
    at: u64,
}

fn play(events: &[Event]) {
    let (publisher, forger) = (Signer::new("p"), Signer::new("p"));
    let mut host = Host::new(&document(&publisher, &json!({"stale_secs": STALE}), &json!({})));
    let presented = token("1");
    let (mut served, mut known): (Option<Made>, Option<Made>) = (None, None);
    for event in events {
        let before = host.sent.len();
        let said = match *event {
            Event::Serve(next) => {
                served = None;
                match next {
                    Serve::Bundle(version, revokes) => {
                        let jti = if revokes { "1" } else { "2" };
                        let payload = json!({"version": version, "iat": host.now, "exp": host.now + LIFETIME,
                            "revoked": {"tokens": [{"issuer": ISSUER, "jti": jti}]}});
                        host.serve(BUNDLE, page(&publisher.sign_as(TYPE, payload)));
                        served = Some(Made { version, revokes, at: host.now });
                    }
                    Serve::Forged => {
                        let payload = json!({"version": 9, "iat": host.now, "exp": host.now + LIFETIME});
                        host.serve(BUNDLE, page(&forger.sign_as(TYPE, payload)));
                    }
                    Serve::Down => host.pages.clear(),
                    Serve::Html => host.serve(BUNDLE, Page::new(200, "text/html", "<html>")),
                }
                None
            }
            Event::Pass(secs) => {
                host.now += secs;
                None
            }
            Event::Back(secs) => {
                host.now -= secs;
                None
            }
            Event::Request => Some(host.with(&presented)),
            Event::Tick => {
                host.tick();
                None
            }
        };
        let calls = host.sent.len() - before;
        assert!(calls <= 1, "{event:?}: {calls} calls");
        if calls == 1
            && let Some(made) = served
        {
            let in_time = made.at <= host.now + LEEWAY_SECS && host.now < made.at + LIFETIME;
            let is_next = known.is_none_or(|known| made.version > known.version || made == known);
            if in_time && is_next {
                known = Some(made);
            }
        }
        let usable = known
            .filter(|known| known.at <= host.now + LEEWAY_SECS && host.now < known.at + LIFETIME + STALE);
        let Some(said) = said else { continue };
        // SECURITY: exactly so, whatever was remembered.
        let expected = match usable {
            None => (503, "bundle_unavailable"),
            Some(Made { revokes: true, .. }) => (401, "token_revoked"),
            Some(_) => (200, "-"),
        };
        assert_eq!(said, expected, "{event:?} with {known:?} at {}", host.now);
        let version = host.gate.sources(host.time())[0].version;
        assert_eq!(version, usable.map(|known| known.version), "{event:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_passes_but_by_the_highest_version_that_came(events in proptest::collection::vec(event(), 1..60)) {
        play(&events);
    }
}
