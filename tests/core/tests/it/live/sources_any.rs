//! Keys at a URL under any order of time, answers and failures.

use portcullis::limits::FRESH_SECS;
use portcullis_tests::NOW;
use proptest::prelude::*;
use serde_json::json;

use super::host::{Host, ISSUER, KEYS, Page, Signer, fetching};

const STALE: u64 = 1000;

/// What is served.
#[derive(Debug, Clone, Copy)]
enum Serve {
    A,
    B,
    Both,
    Down,
    Html,
    Redirect,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Serve(Serve),
    Pass(u64),
    /// The clock is set back.
    Back(u64),
    A,
    B,
    Unknown,
    Tick,
}

fn event() -> impl Strategy<Value = Event> {
    let served = [Serve::A, Serve::B, Serve::Both, Serve::Down, Serve::Html, Serve::Redirect];
    prop_oneof![
        3 => proptest::sample::select(served.to_vec()).prop_map(Event::Serve),
        4 => (0_u64..90).prop_map(Event::Pass),
        2 => (90_u64..2500).prop_map(Event::Pass),
        1 => (3_u64..5000).prop_map(Event::Back),
        3 => Just(Event::A),
        3 => Just(Event::B),
        3 => Just(Event::Unknown),
        3 => Just(Event::Tick),
    ]
}

/// The last set that came: which keys, and when.
#[derive(Debug, Clone, Copy)]
struct Known {
    a: bool,
    b: bool,
    at: u64,
}

fn play(events: &[Event]) {
    let (a, b, c) = (Signer::new("a"), Signer::new("b"), Signer::new("c"));
    let token = |signer: &Signer| {
        signer.sign(json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 10_000_000}))
    };
    let (of_a, of_b, of_c) = (token(&a), token(&b), token(&c));
    let mut host = Host::new(&fetching(&json!({"url": KEYS, "stale_secs": STALE}), &json!({})));
    let mut serve = Serve::Down;
    let mut known: Option<Known> = None;
    // When and with what success was fetched since the clock was last set back.
    let mut tries: Vec<(u64, bool)> = Vec::new();
    for event in events {
        let before = host.sent.len();
        let said = match *event {
            Event::Serve(next) => {
                serve = next;
                match serve {
                    Serve::A => host.serve(KEYS, Page::keys(&[&a])),
                    Serve::B => host.serve(KEYS, Page::keys(&[&b])),
                    Serve::Both => host.serve(KEYS, Page::keys(&[&a, &b])),
                    Serve::Down => host.pages.clear(),
                    Serve::Html => host.serve(KEYS, Page::new(200, "text/html", "<html>")),
                    Serve::Redirect => host.serve(KEYS, Page::new(301, "application/json", "{}")),
                }
                None
            }
            Event::Pass(secs) => {
                host.now += secs;
                None
            }
            Event::Back(secs) => {
                host.now -= secs;
                tries.clear();
                None
            }
            Event::A => Some((host.with(&of_a), 'a')),
            Event::B => Some((host.with(&of_b), 'b')),
            Event::Unknown => Some((host.with(&of_c), 'c')),
            Event::Tick => {
                host.tick();
                None
            }
        };
        // One call for one event at most, and none too soon after the one before.
        let calls = host.sent.len() - before;
        assert!(calls <= 1, "{event:?}: {calls} calls");
        if calls == 1 {
            let good = matches!(serve, Serve::A | Serve::B | Serve::Both);
            let failures = tries.iter().rev().take_while(|(_, good)| !good).count();
            if let Some((last, _)) = tries.last() {
                let least = match failures {
                    0 => 30,
                    failures => {
                        let delay = (5_u64 << (failures - 1).min(6)).min(300);
                        delay - delay / 4
                    }
                };
                assert!(
                    host.now - last >= least,
                    "{event:?}: {} s after {failures} failures",
                    host.now - last
                );
            }
            tries.push((host.now, good));
            if good {
                let (a, b) = (!matches!(serve, Serve::B), !matches!(serve, Serve::A));
                known = Some(Known { a, b, at: host.now });
            }
        }
        let Some((said, who)) = said else { continue };
        let usable = known.filter(|known| host.now < known.at + FRESH_SECS + STALE);
        let has_key = usable.is_some_and(|known| match who {
            'a' => known.a,
            'b' => known.b,
            _ => false,
        });
        // SECURITY: exactly then.
        assert_eq!(said == (200, "-"), has_key, "{event:?}: {said:?} with {known:?} at {}", host.now);
        if !has_key {
            assert!([(401, "key_unknown"), (503, "keys_unavailable")].contains(&said), "{said:?}");
            // A token is called bad only by a set that is there.
            assert!(said.0 == 503 || usable.is_some(), "{said:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_passes_without_a_set_that_is_there(events in proptest::collection::vec(event(), 1..60)) {
        play(&events);
    }
}
