//! Which crates the code of a module comes from.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use rustc_demangle::demangle;
use serde::Serialize;
use walrus::{FunctionKind, Module};

/// How many crates have a line of their own.
const SHOWN: usize = 12;

/// What a crate contributes to a module.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Share {
    name: String,
    bytes: usize,
}

/// The code of a module that has names, by the crates that define its functions, the largest share first; then all smaller
/// ones together, and what is no code.
///
/// # Errors
///
/// If it is no module.
pub(super) fn shares(wasm: &Path) -> Result<Vec<Share>> {
    let module = Module::from_file(wasm).with_context(|| wasm.display().to_string())?;
    let mut by_crate = BTreeMap::<String, usize>::new();
    for function in module.funcs.iter() {
        let FunctionKind::Local(local) = &function.kind else { continue };
        let name = function.name.as_deref().map_or(String::new(), crate_of);
        *by_crate.entry(name).or_default() += local.original_range.as_ref().map_or(0, ExactSizeIterator::len);
    }
    let mut shares: Vec<_> = by_crate.into_iter().map(|(name, bytes)| Share { name, bytes }).collect();
    shares.sort_by_key(|share| Reverse(share.bytes));
    let others = shares.split_off(SHOWN.min(shares.len()));
    let bytes = others.iter().map(|share| share.bytes).sum();
    shares.push(Share { name: format!("{} others", others.len()), bytes });
    let bytes = module.data.iter().map(|segment| segment.value.len()).sum();
    shares.push(Share { name: "data".to_owned(), bytes });
    Ok(shares)
}

/// The crate that defines a function, by its mangled name. What the SDK exports has a name that is not mangled.
fn crate_of(mangled: &str) -> String {
    let name = format!("{:#}", demangle(mangled));
    let path = name.trim_start_matches(['<', '&', '[', '(']);
    let path = path.strip_prefix("mut ").unwrap_or(path).trim_start_matches(['<', '&', '[', '(']);
    path.split_once("::").map_or("exports", |(crate_name, _)| crate_name).to_owned()
}

/// All of them, as a table in Markdown, in KB of 1,000 before compression.
pub(super) fn table(shares: &[Share]) -> String {
    let head = "| crate | KB |\n| --- | --: |\n".to_owned();
    // No module has a terabyte.
    let kilobytes = |bytes| f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1000.0;
    let line = |share: &Share| format!("| {} | {:.1} |\n", share.name, kilobytes(share.bytes));
    [head].into_iter().chain(shares.iter().map(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Share, crate_of, table};

    #[test]
    fn a_function_is_of_the_crate_that_defines_it() {
        for (mangled, name) in [
            ("_ZN17portcullis_config4load12compile_gate17h2b8bb5de769ed9cfE", "portcullis_config"),
            ("_ZN5alloc4sync16Arc$LT$T$C$A$GT$9drop_slow17hbe3e1abac43fbfc2E", "alloc"),
            (
                "_ZN98_$LT$$RF$mut$u20$serde_json..de..Deserializer$LT$R$GT$$u20$as$u20$serde_core..de..Deserializer$GT$15deserialize_any17hb45c233a73792e73E",
                "serde_json",
            ),
            ("_RINvNtNtCsgXGp5Oqx2Ny_4core3fmt5float32float_to_decimal_common_shortestdEB6_", "core"),
            ("proxy_on_tick", "exports"),
        ] {
            assert_eq!(crate_of(mangled), name, "{mangled}");
        }
    }

    #[test]
    fn a_line_a_crate() {
        let shares = [Share { name: "core".to_owned(), bytes: 1250 }];
        assert_eq!(table(&shares), "| crate | KB |\n| --- | --: |\n| core | 1.2 |\n");
    }
}
