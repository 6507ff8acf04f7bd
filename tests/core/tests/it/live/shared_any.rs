//! Instances that share a cache with somebody who moves, keeps, forges and forgets entries: in whatever order, nobody is let in
//! whom the origin has not let in within the time for which that counts.

use std::collections::BTreeMap;

use portcullis::limits::{NO_SECS, YES_SECS};
use portcullis_tests::NOW;
use proptest::prelude::*;
use serde_json::json;

use super::host::{Cache, Host, KEYS, Page, fetching};

const CREDENTIALS: [&str; 3] = ["opaque-of-alice", "opaque-of-bob", "opaque-of-carol"];

#[derive(Debug, Clone)]
enum Event {
    /// Time passes.
    Later(u64),
    /// The origin knows a credential from now on, or no longer.
    Known(usize, bool),
    /// An instance is asked with a credential.
    Ask(usize, usize),
    /// An entry is put in the place of another.
    Move(usize, usize),
    /// An entry of earlier is put back.
    Replay(usize, usize),
    /// A character of an entry is another one.
    Forge(usize, usize),
    Forget(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..8_u64).prop_map(Event::Later),
        2 => (0..3_usize, any::<bool>()).prop_map(|(credential, known)| Event::Known(credential, known)),
        6 => (0..3_usize, 0..3_usize).prop_map(|(instance, credential)| Event::Ask(instance, credential)),
        1 => (0..9_usize, 0..9_usize).prop_map(|(from, to)| Event::Move(from, to)),
        1 => (0..99_usize, 0..9_usize).prop_map(|(from, to)| Event::Replay(from, to)),
        1 => (0..9_usize, 0..99_usize).prop_map(|(entry, at)| Event::Forge(entry, at)),
        1 => (0..9_usize).prop_map(Event::Forget),
    ]
}

/// What the cache is, and was.
#[derive(Default)]
struct Adversary {
    cache: Cache,
    seen: Vec<String>,
}

impl Adversary {
    fn name(&self, number: usize) -> Option<String> {
        let cache = self.cache.borrow();
        cache.keys().nth(number % cache.len().max(1)).cloned()
    }

    fn put(&self, number: usize, text: Option<String>) {
        if let (Some(name), Some(text)) = (self.name(number), text) {
            self.cache.borrow_mut().insert(name, text);
        }
    }

    fn act(&mut self, event: &Event) {
        let text = |number| self.name(number).and_then(|name| self.cache.borrow().get(&name).cloned());
        match *event {
            Event::Move(from, to) => self.put(to, text(from)),
            Event::Replay(from, to) => self.put(to, self.seen.get(from % self.seen.len().max(1)).cloned()),
            Event::Forge(number, at) => {
                let forged = text(number).map(|text| {
                    let mut bytes = text.into_bytes();
                    let at = at % bytes.len();
                    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                    String::from_utf8(bytes).unwrap()
                });
                self.put(number, forged);
            }
            Event::Forget(number) => {
                if let Some(name) = self.name(number) {
                    self.cache.borrow_mut().remove(&name);
                }
            }
            Event::Later(_) | Event::Known(..) | Event::Ask(..) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nobody_is_let_in_by_what_others_write(events in proptest::collection::vec(event(), 1..80)) {
        let members = json!({
            "identity": {"ask": "/me", "subject": "/id"},
            "memory": {"shared": {"secret": {"env": "OTHER"}}},
        });
        let document = fetching(&json!({"url": KEYS}), &members);
        let mut adversary = Adversary::default();
        let mut instances: Vec<Host> =
            (0..3).map(|_| Host::sharing(&document, "https://origin.example", &adversary.cache)).collect();
        let (mut now, mut known) = (NOW, [false; 3]);
        // What the origin has said of each credential, and when.
        let mut said: BTreeMap<usize, Vec<(u64, bool)>> = BTreeMap::new();
        for event in &events {
            match *event {
                Event::Later(secs) => now += secs,
                Event::Known(credential, is_known) => known[credential] = is_known,
                Event::Ask(instance, credential) => {
                    let host = &mut instances[instance];
                    let page = match known[credential] {
                        true => Page::json(&json!({"id": CREDENTIALS[credential]})),
                        false => Page::new(401, "text/html", ""),
                    };
                    host.serve("origin/me", page);
                    host.now = now;
                    let asked = host.sent.len();
                    let (status, reason) = host.with(CREDENTIALS[credential]);
                    let calls = host.sent.len() - asked;
                    prop_assert!(calls <= 1);
                    let history = said.entry(credential).or_default();
                    if calls == 1 {
                        history.push((now, known[credential]));
                    }
                    let counts = |yes: bool, secs: u64| {
                        history.iter().any(|(given, said)| *said == yes && now < given + secs)
                    };
                    match status {
                        200 => prop_assert!(counts(true, YES_SECS), "nobody has let it in"),
                        401 => prop_assert!(counts(false, NO_SECS), "nobody has refused it: {}", reason),
                        other => prop_assert!(false, "{} {}", other, reason),
                    }
                    let texts: Vec<String> = adversary.cache.borrow().values().cloned().collect();
                    adversary.seen.extend(texts);
                }
                ref other => adversary.act(other),
            }
        }
    }
}
