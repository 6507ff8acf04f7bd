//! Look-ups in a store under any order of time, answers and failures, with many decisions at once.

use portcullis::api_key::RecordLookup;
use portcullis::limits::{CLOCK_STEP_SECS, FAILED_SECS, LOOKUP_TURN_SECS, RECORD_SECS};
use portcullis::{Need, RecordNeed, Step, WaitNeed};
use portcullis_tests::outcome;
use proptest::prelude::*;
use serde_json::json;

use super::host::Host;
use super::lookups::{found, host};

const CREDENTIALS: [&str; 2] = ["key-a-0123456789abcdef0123456789", "key-b-0123456789abcdef0123456789"];

/// What the store says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Record,
    Nothing,
    Failure,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Pass(u64),
    /// The clock is set back.
    Back(u64),
    /// A request with one of the keys.
    Ask(usize),
    /// The oldest look-up that is under way, or the newest, is answered.
    Answer(bool, Said),
    /// All that wait look again.
    Look,
    /// The oldest that waits may do so no longer.
    GiveUp,
    /// Whoever asks leaves, and the answer with it.
    Leave,
}

fn event() -> impl Strategy<Value = Event> {
    let said = || proptest::sample::select(vec![Said::Record, Said::Nothing, Said::Failure]);
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

/// What the store last said of a key since the clock was set back, and when it was last asked.
#[derive(Debug, Default, Clone, Copy)]
struct Heard {
    record: Option<u64>,
    nothing: Option<u64>,
    failed: Option<u64>,
    asked: Option<u64>,
}

struct Play {
    host: Host,
    look_ups: Vec<(usize, RecordNeed)>,
    waiting: Vec<(usize, WaitNeed)>,
    heard: [Heard; 2],
    /// The latest time that the gate was told of.
    latest: u64,
}

impl Play {
    fn new() -> Self {
        Self {
            host: host(),
            look_ups: Vec::new(),
            waiting: Vec::new(),
            heard: [Heard::default(); 2],
            latest: 0,
        }
    }

    /// What was heard before the clock was set back by more than threads of one host differ is of no known age.
    fn see(&mut self) {
        let now = self.host.now;
        if now + CLOCK_STEP_SECS < self.latest {
            (self.heard, self.latest) = ([Heard::default(); 2], now);
        }
        self.latest = self.latest.max(now);
    }

    /// What comes of a step of a request with key `who`.
    fn take(&mut self, who: usize, step: Step, answered: Option<Said>) {
        let now = self.host.now;
        let within = |since: Option<u64>, secs| since.is_some_and(|since| now >= since && now < since + secs);
        let heard = &mut self.heard[who];
        match step {
            Step::Need(Need::ApiKeyRecord(need)) => {
                // Nobody asks for what was said a moment ago, or for what somebody else asks.
                assert!(!within(heard.record, RECORD_SECS), "asked at {now}: {heard:?}");
                assert!(!within(heard.nothing, RECORD_SECS), "asked at {now}: {heard:?}");
                assert!(!within(heard.failed, FAILED_SECS), "asked at {now}: {heard:?}");
                assert!(!within(heard.asked, LOOKUP_TURN_SECS), "asked at {now}: {heard:?}");
                // A failure of what is now the future is forgotten with that.
                (heard.asked, heard.failed) = (Some(now), None);
                self.look_ups.push((who, need));
            }
            Step::Need(Need::Wait(need)) => self.waiting.push((who, need)),
            Step::Need(need) => panic!("{need:?}"),
            Step::Verdict(verdict) => match outcome(&verdict) {
                // SECURITY: by a record alone, and one that was read a moment ago.
                (200, _) => assert!(within(heard.record, RECORD_SECS), "let in at {now}: {heard:?}"),
                (401, reason) => {
                    assert_eq!(reason, "api_key_unknown");
                    assert!(within(heard.nothing, RECORD_SECS), "refused at {now}: {heard:?}");
                }
                other => {
                    assert_eq!(other, (503, "records_unavailable"));
                    assert!(
                        !matches!(answered, Some(Said::Record | Said::Nothing)),
                        "{answered:?} was not heard"
                    );
                }
            },
        }
    }

    fn answer(&mut self, oldest: bool, said: Said) {
        if self.look_ups.is_empty() {
            return;
        }
        let (who, need) = if oldest { self.look_ups.remove(0) } else { self.look_ups.pop().unwrap() };
        self.see();
        let now = self.host.now;
        let (lookup, heard) = match said {
            Said::Record => {
                (found(CREDENTIALS[who], &json!({})), Heard { record: Some(now), ..Heard::default() })
            }
            Said::Nothing => (RecordLookup::NotFound, Heard { nothing: Some(now), ..Heard::default() }),
            Said::Failure => {
                (RecordLookup::Unavailable, Heard { failed: Some(now), asked: None, ..self.heard[who] })
            }
        };
        self.heard[who] = heard;
        let step = self.host.gate.supply_record(need, &lookup, self.host.time());
        self.take(who, step, Some(said));
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::Pass(secs) => self.host.now += secs,
            Event::Back(secs) => self.host.now -= secs,
            Event::Ask(who) => {
                self.see();
                let step = self.host.begin("GET", "/x", &[("x-api-key", CREDENTIALS[who])]);
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
            Event::Leave => drop(self.look_ups.pop()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_passes_without_a_record_and_nothing_is_looked_up_twice(
        events in proptest::collection::vec(event(), 1..120),
    ) {
        let mut play = Play::new();
        for event in events {
            play.play(event);
        }
    }
}
