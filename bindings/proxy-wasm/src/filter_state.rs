//! What the filter keeps for Envoy's access log: the line about the decision, if it is asked for.

/// The variable that asks for it: `decision`.
pub(crate) const FILTER_STATE: &str = "PORTCULLIS_FILTER_STATE";

/// Under what the line is kept, as `%FILTER_STATE(wasm.portcullis.decision:PLAIN)%`.
pub(crate) const DECISION: &str = "portcullis.decision";

/// Whether the line is to be kept, as the variable says.
///
/// # Errors
///
/// If it asks for anything else.
pub(crate) fn keeps_decisions(variable: Option<&str>) -> Result<bool, Vec<String>> {
    match variable {
        None => Ok(false),
        Some("decision") => Ok(true),
        Some(other) => Err(vec![format!(
            "{FILTER_STATE} is {other:?}; write \"decision\" to have the decision in the access log, or leave the variable out"
        )]),
    }
}

#[cfg(test)]
mod tests {
    use super::keeps_decisions;

    #[test]
    fn the_variable_is_one_word() {
        assert_eq!(keeps_decisions(None), Ok(false));
        assert_eq!(keeps_decisions(Some("decision")), Ok(true));
        for other in ["", "Decision", "all"] {
            let problems = keeps_decisions(Some(other)).unwrap_err();
            assert!(problems.concat().contains("PORTCULLIS_FILTER_STATE"), "{problems:?}");
        }
    }
}
