//! The core beside other libraries, by turns: `portcullis-bench-native ROUNDS SECONDS`. Prints a line of JSON: of each row, the
//! microseconds that each side takes for a token, as the median of its turns.
//!
//! `portcullis-bench-native growth ROUNDS SECONDS` measures the core alone: how its costs grow.

mod flood;
mod growth;
mod sides;
mod turns;

use std::error::Error;

use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let grows = arguments.next_if(|argument| argument == "growth").is_some();
    let numbers: Vec<u64> = arguments.map(|argument| argument.parse()).collect::<Result<_, _>>()?;
    let [rounds, seconds] = numbers[..] else { return Err("which is ROUNDS and SECONDS?".into()) };
    let turns = turns::Turns::new(rounds * seconds);
    if grows {
        println!("{}", json!({ "series": growth::measure(&turns)? }));
        return Ok(());
    }
    let mut rows = Vec::new();
    for algorithm in sides::ALGORITHMS {
        let sides = sides::Sides::new(algorithm)?;
        rows.push(turns.measure(algorithm, &sides.all())?);
    }
    rows.push(turns.measure("bad RS256-4096, no `kid`, four keys", &flood::Flood::new()?.all())?);
    println!("{}", json!({ "rows": rows }));
    Ok(())
}
