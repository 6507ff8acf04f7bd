//! Questions about callers under any order of time, answers and failures, with many decisions at once.

use std::collections::BTreeMap;

use portcullis::limits::{ASK_TURN_SECS, CLOCK_STEP_SECS, FAILED_SECS, NO_SECS, YES_SECS};
use portcullis::{CallNeed, Need, Step, WaitNeed};
use portcullis_tests::outcome;
use proptest::prelude::*;
use serde_json::json;

use super::host::{Host, KEYS, Page, fetching};

const CREDENTIALS: [&str; 2] = ["opaque-a", "opaque-b"];

/// What whoever is asked says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    Nothing,
    Error,
    Html,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Pass(u64),
    /// The clock is set back.
    Back(u64),
    /// A request with one of the credentials.
    Ask(usize),
    /// The oldest call that is under way, or the newest, is answered.
    Answer(bool, Said),
    /// All that wait look again.
    Look,
    /// The oldest that waits may do so no longer.
    GiveUp,
    /// Whoever asks leaves, and the answer with it.
    Leave,
}

fn event() -> impl Strategy<Value = Event> {
    let said = || proptest::sample::select(vec![Said::Yes, Said::No, Said::Nothing, Said::Error, Said::Html]);
    prop_oneof![
        4 => (0_u64..4).prop_map(Event::Pass),
        1 => (4_u64..70).prop_map(Event::Pass),
        1 => (1_u64..100).prop_map(Event::Back),
        8 => (0..CREDENTIALS.len()).prop_map(Event::Ask),
        6 => (any::<bool>(), said()).prop_map(|(oldest, said)| Event::Answer(oldest, said)),
        3 => Just(Event::Look),
        1 => Just(Event::GiveUp),
        1 => Just(Event::Leave),
    ]
}

/// What was last heard about a credential since the clock was set back.
#[derive(Debug, Default, Clone, Copy)]
struct Heard {
    yes: Option<u64>,
    no: Option<u64>,
    failed: Option<u64>,
    asked: Option<u64>,
}

struct Play {
    host: Host,
    calls: Vec<(usize, CallNeed)>,
    waiting: Vec<(usize, WaitNeed)>,
    heard: [Heard; 2],
    /// The latest time that the gate was told of.
    latest: u64,
}

impl Play {
    fn new() -> Self {
        let identity = json!({"identity": {"ask": "/me", "subject": "/id"}});
        let host = Host::new(&fetching(&json!({"url": KEYS}), &identity));
        Self { host, calls: Vec::new(), waiting: Vec::new(), heard: [Heard::default(); 2], latest: 0 }
    }

    /// What was heard before the clock was set back by more than threads of one host differ is of no known age.
    fn see(&mut self) {
        let now = self.host.now;
        if now + CLOCK_STEP_SECS < self.latest {
            (self.heard, self.latest) = ([Heard::default(); 2], now);
        }
        self.latest = self.latest.max(now);
    }

    /// What comes of a step of a request with credential `who`.
    fn take(&mut self, who: usize, step: Step, answered: Option<Said>) {
        let now = self.host.now;
        let within = |since: Option<u64>, secs| since.is_some_and(|since| now >= since && now < since + secs);
        let heard = &mut self.heard[who];
        match step {
            Step::Need(Need::Call(need)) => {
                // Nobody asks what is known, what has just failed, or what somebody else asks.
                assert!(!within(heard.yes, YES_SECS), "asked at {now}: {heard:?}");
                assert!(!within(heard.no, NO_SECS), "asked at {now}: {heard:?}");
                assert!(!within(heard.failed, FAILED_SECS), "asked at {now}: {heard:?}");
                let is_asked = |since: u64| now + CLOCK_STEP_SECS >= since && now < since + ASK_TURN_SECS;
                assert!(!heard.asked.is_some_and(is_asked), "asked at {now}: {heard:?}");
                // Of what is asked again it is no longer remembered that it failed.
                (heard.failed, heard.asked) = (None, Some(now));
                self.calls.push((who, need));
            }
            Step::Need(Need::Wait(need)) => self.waiting.push((who, need)),
            Step::Need(need) => panic!("{need:?}"),
            Step::Verdict(verdict) => match outcome(&verdict) {
                // SECURITY: by an answer alone, and one that is not older than it may be.
                (200, _) => {
                    assert!(within(heard.yes, YES_SECS), "let in at {now}: {heard:?}");
                }
                // Nor is anybody called bad because somebody failed.
                (401, reason) => {
                    assert_eq!(reason, "credential_rejected");
                    assert!(within(heard.no, NO_SECS), "refused at {now}: {heard:?}");
                }
                other => {
                    assert_eq!(other, (503, "ask_unavailable"));
                    assert!(!matches!(answered, Some(Said::Yes | Said::No)), "{answered:?} was not heard");
                }
            },
        }
    }

    fn answer(&mut self, oldest: bool, said: Said) {
        if self.calls.is_empty() {
            return;
        }
        let (who, need) = if oldest { self.calls.remove(0) } else { self.calls.pop().unwrap() };
        let page = match said {
            Said::Yes => Some(Page::json(&json!({"id": CREDENTIALS[who]}))),
            Said::No => Some(Page::new(401, "application/json", "{}")),
            Said::Nothing => None,
            Said::Error => Some(Page::new(500, "application/json", r#"{"id":"mallory"}"#)),
            Said::Html => Some(Page::new(200, "text/html", "<html>")),
        };
        self.see();
        let now = self.host.now;
        let heard = &mut self.heard[who];
        match said {
            Said::Yes => *heard = Heard { yes: Some(now), ..Heard::default() },
            Said::No => *heard = Heard { no: Some(now), ..Heard::default() },
            Said::Nothing | Said::Error | Said::Html => (heard.failed, heard.asked) = (Some(now), None),
        }
        let step = self.host.answer(need, page.as_ref());
        self.take(who, step, Some(said));
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::Pass(secs) => self.host.now += secs,
            Event::Back(secs) => self.host.now -= secs,
            Event::Ask(who) => {
                self.see();
                let step = self.host.begin_with(CREDENTIALS[who]);
                self.take(who, step, None);
            }
            Event::Answer(oldest, said) => self.answer(oldest, said),
            Event::Look => {
                for (who, need) in std::mem::take(&mut self.waiting) {
                    self.see();
                    let step = self.host.gate.again(need, self.host.time());
                    self.take(who, step, None);
                }
            }
            Event::GiveUp if !self.waiting.is_empty() => {
                let (who, need) = self.waiting.remove(0);
                self.see();
                let step = self.host.gate.give_up(need, self.host.time());
                self.take(who, step, None);
            }
            Event::GiveUp => {}
            Event::Leave => drop(self.calls.pop()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_passes_without_an_answer_and_nobody_is_asked_twice(
        events in proptest::collection::vec(event(), 1..120),
    ) {
        let mut play = Play::new();
        for event in events {
            play.play(event);
        }
    }

    /// However a server fails and recovers, one credential costs it a call a second at most.
    #[test]
    fn a_credential_costs_a_call_a_second_at_most(
        seconds in proptest::collection::vec((1_usize..20, any::<bool>()), 1..40),
    ) {
        let identity = json!({"identity": {"ask": "/me", "subject": "/id", "yes_secs": 1, "no_secs": 1}});
        let mut host = Host::new(&fetching(&json!({"url": KEYS}), &identity));
        let mut calls: BTreeMap<u64, usize> = BTreeMap::new();
        for (requests, is_up) in seconds {
            host.pages.clear();
            if is_up {
                host.serve("origin/me", Page::json(&json!({"id": "alice"})));
            }
            for _ in 0..requests {
                let expected = if is_up { (200, "-") } else { (503, "ask_unavailable") };
                assert_eq!(host.with("opaque"), expected);
            }
            host.now += 1;
        }
        for (at, _) in &host.sent {
            *calls.entry(*at).or_default() += 1;
        }
        assert!(calls.values().all(|calls| *calls == 1), "{calls:?}");
    }
}
