//! Origins that no browser would ever send are errors: a list of them would let nobody read anything, in silence.

use crate::host::{Host, document, errors};
use serde_json::json;

#[test]
fn an_origin_that_can_never_match_does_not_load() {
    let origins =
        json!(["https://app.example.com", "*", "https://app.example.com/", "null", "HTTPS://a.example:443"]);
    let document = document("generic", &json!({"cors": {"allowed_origins": origins}}));
    assert_eq!(
        errors(&document, &Host::default()),
        [
            "/cors/allowed_origins/2: would never match: browsers write this origin \"https://app.example.com\"; write it so",
            "/cors/allowed_origins/3: \"null\" is what sandboxed pages and local files of anybody send; list the origins of sites",
            "/cors/allowed_origins/4: would never match: browsers write this origin \"https://a.example\"; write it so",
        ]
    );
}
