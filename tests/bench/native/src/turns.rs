//! Turns, by which all sides meet alike what else the machine does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a turn is.
const TURN: Duration = Duration::from_millis(100);

/// Somebody who is measured.
pub(crate) struct Side<'a> {
    pub(crate) name: &'static str,
    /// Does it once, to what has this number; whether the answer is the right one.
    pub(crate) once: Box<dyn Fn(usize) -> bool + 'a>,
}

/// How many turns each side has.
pub(crate) struct Turns(u64);

impl Turns {
    /// As many as fit into `seconds`.
    pub(crate) fn new(seconds: u64) -> Self {
        Self((seconds * 10).max(1))
    }

    /// The median of each side, in microseconds.
    pub(crate) fn measure(&self, what: &str, sides: &[Side<'_>]) -> Result<Value, String> {
        // Of what takes no time, so many between two looks at the clock.
        let batch = |side: &Side<'_>| {
            let start = Instant::now();
            (side.once)(0);
            if start.elapsed() < Duration::from_micros(20) { 256 } else { 1 }
        };
        let batches: Vec<u32> = sides.iter().map(batch).collect();
        let mut times = vec![Vec::new(); sides.len()];
        // The first turn of each warms its caches.
        for turn in 0..=self.0 {
            for ((side, batch), times) in sides.iter().zip(&batches).zip(&mut times) {
                let (start, mut count) = (Instant::now(), 0_u32);
                while start.elapsed() < TURN {
                    for _ in 0..*batch {
                        if !(side.once)(count as usize) {
                            return Err(format!("{what}: {} is wrong about number {count}", side.name));
                        }
                        count += 1;
                    }
                }
                if turn > 0 {
                    times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
                }
            }
        }
        let medians = sides.iter().zip(times).map(|(side, mut times)| {
            times.sort_by(f64::total_cmp);
            (side.name.to_owned(), json!(times[times.len() / 2]))
        });
        Ok(json!({ "what": what, "micros": medians.collect::<serde_json::Map<_, _>>() }))
    }
}
