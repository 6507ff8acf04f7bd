//! Decisions about roles beside those of policy engines, by turns: `portcullis-bench-policy ROUNDS SECONDS`. Prints a line of
//! JSON: of each row, the microseconds that each side takes for a decision, as the median of its turns.

mod engines;
mod model;
#[path = "../../native/src/turns.rs"]
mod turns;

use std::error::Error;

use serde_json::json;

const PROFILES: [&str; 5] = ["agentflow", "r2r", "rag-modulo", "ragflow", "ragflow-0.24"];

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        std::env::args().skip(1).map(|argument| argument.parse()).collect::<Result<_, _>>()?;
    let [rounds, seconds] = numbers[..] else { return Err("which is ROUNDS and SECONDS?".into()) };
    let turns = turns::Turns::new(rounds * seconds);
    let mut rows = Vec::new();
    for (what, model) in PROFILES
        .into_iter()
        .map(|name| (name.to_owned(), model::Model::of_profile(name)))
        .chain([("1,000 routes, 50 roles".to_owned(), model::Model::generated(1000, 50))])
    {
        let model = model?;
        let engines = engines::Engines::new(&model)?;
        engines.check(&model)?;
        rows.push(turns.measure(&what, &engines.all(&model))?);
    }
    println!("{}", json!({ "rows": rows }));
    Ok(())
}
