//! What a head costs before anybody is known: in proportion to its size, however it is made up.

use std::time::{Duration, Instant};

use portcullis::{HeaderPair, RequestHead, UnixTime};
use portcullis_tests::{NOW, agentflow};

/// How much larger the larger head is.
const FACTOR: usize = 8;
/// Work in proportion costs [`FACTOR`] times as much, and the product of two parts of the head 64 times.
const MOST: u32 = 24;

/// The least time for a decision about a head with this many headers named `name`, and as many elements of lists in each of
/// `lists` for each of them.
fn cost(target: &str, count: usize, name: &str, lists: &[(&str, &str)]) -> Duration {
    let gate = agentflow();
    let names: Vec<String> = (0..count).map(|index| name.replace('#', &index.to_string())).collect();
    let lists: Vec<_> = lists.iter().map(|(name, element)| (*name, element.repeat(count * 10))).collect();
    let mut pairs: Vec<_> = names.iter().map(|name| HeaderPair::new(name, "x")).collect();
    pairs.extend(lists.iter().map(|(name, value)| HeaderPair::new(*name, value)));
    let head = RequestHead::new("GET", target, &pairs);
    let once = || {
        let started = Instant::now();
        let step = gate.begin(&head, UnixTime::from_secs(NOW));
        (started.elapsed(), step).0
    };
    // The least of many: others use the machine as well.
    (0..20).map(|_| once()).min().unwrap_or_default()
}

#[test]
fn headers_and_lists_cost_their_sum_and_not_their_product() {
    for (what, name, lists) in [
        ("ordinary headers", "x-#", &[][..]),
        ("headers that are removed", "x-auth-#", &[]),
        ("headers with underscores", "x_auth_#", &[]),
        ("one header many times", "accept", &[]),
        ("connection options", "x-#", &[("connection", "te,")]),
        ("odd connection options", "x-#", &[("connection", "x-1,")]),
        ("subprotocols", "x-#", &[("sec-websocket-protocol", "a,")]),
        ("upgrades", "x-#", &[("upgrade", "h2c,"), ("connection", "upgrade,")]),
        ("credentials", "x-#", &[("authorization", "a,")]),
        ("credential lines", "authorization", &[]),
    ] {
        // A public route, whose requests are handed on, and one that takes a credential.
        for target in ["/ping", "/v1/threads"] {
            let [small, large] = [1, FACTOR].map(|times| cost(target, 100 * times, name, lists));
            // Below the resolution of the clock there is nothing to compare.
            let small = small.max(Duration::from_micros(5));
            let most = small * MOST;
            assert!(large < most, "{target}, {what}: {small:?}, and {large:?} for {FACTOR} times as much");
        }
    }
}
