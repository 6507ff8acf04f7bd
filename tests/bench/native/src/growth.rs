//! How the costs of a decision and of a load grow with what is configured and what is sent.

mod cases;

use std::cell::RefCell;
use std::error::Error;

use portcullis::{LiveGate, RequestHead};
use serde_json::{Value, json};

use crate::sides::{Secret, now};
use crate::turns::{Side, Turns};
use cases::Case;

/// What grows, to which sizes, and what has each of them.
type Growing = (&'static str, &'static [usize], fn(usize) -> Result<Case, Box<dyn Error>>);

const ALL: [Growing; 6] = [
    ("routes", &[10, 100, 1_000, 10_000], cases::routes),
    ("roles", &[10, 100, 1_000, 4_000], cases::roles),
    ("keys", &[1, 4, 16, 64], cases::keys),
    ("API keys", &[10, 100, 1_000, 10_000], cases::api_keys),
    ("bytes of a token", &[500, 1_000, 2_000, 4_000, 8_000, 16_000], cases::token),
    ("remembered tokens", &[64, 512, 4_096, 32_768], cases::memory),
];

/// The microseconds of a decision and of a load, for each size.
pub(crate) fn measure(turns: &Turns) -> Result<Vec<Value>, Box<dyn Error>> {
    let series = |(what, sizes, case): Growing| -> Result<Value, Box<dyn Error>> {
        let points =
            sizes.iter().map(|size| point(turns, *size, &case(*size)?)).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "what": what, "points": points }))
    };
    ALL.into_iter().map(series).collect()
}

fn point(turns: &Turns, size: usize, case: &Case) -> Result<Value, Box<dyn Error>> {
    let load = || portcullis_config::load(case.document.as_bytes(), &Secret(case.secret.clone()));
    let gate = load().map_err(|errors| errors.to_string())?.gate;
    let live = RefCell::new(LiveGate::new(gate.clone(), 0));
    let begin = |head: &RequestHead<'_>| match case.remembers {
        true => live.borrow_mut().begin(head, now()),
        false => gate.begin(head, now()),
    };
    // Each once, so that all are remembered that can be.
    for request in &case.requests {
        request.check(begin)?;
    }
    let remembered = live.borrow().memory().entries;
    if case.remembers && remembered != size {
        return Err(format!("{remembered} tokens are remembered, and not {size}").into());
    }
    let sent = |number: usize| &case.requests[number % case.requests.len()];
    let sides = [
        Side { name: "decision", once: Box::new(|number| sent(number).is_allowed(begin)) },
        Side { name: "load", once: Box::new(|_| load().is_ok()) },
    ];
    Ok(json!({ "size": size, "micros": turns.measure("growth", &sides)?["micros"] }))
}
