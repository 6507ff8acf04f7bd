//! The head of a request as JavaScript describes it.

use portcullis::{HeaderPair, RequestHead};

/// Method, target and headers, as octets.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) request_id: String,
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Head {
    /// Reads `[method, target, [[name, value], …], request_id]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (method, target, headers, request_id) =
            serde_json::from_str::<(String, String, Vec<(String, String)>, String)>(text).ok()?;
        let headers = headers.into_iter().map(|(name, value)| (octets(name), octets(value))).collect();
        Some(Self { method, request_id, target: octets(target), headers })
    }

    /// Calls the core's view of it into being for as long as `decide` runs.
    pub(crate) fn decide<T>(&self, decide: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let pairs: Vec<_> = self.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        decide(&RequestHead::new(&self.method, &self.target, &pairs).with_request_id(&self.request_id))
    }
}

/// The octets behind a text.
///
/// Fetch and Node.js show one character for each octet of a header. A text with a character beyond those was decoded by
/// somebody, and can only have been UTF-8.
pub(crate) fn octets(text: String) -> Vec<u8> {
    let each = text.chars().map(|character| u8::try_from(u32::from(character)).ok());
    each.collect::<Option<_>>().unwrap_or_else(|| text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Head, octets};

    #[test]
    fn a_character_is_an_octet_or_the_text_is_utf8() {
        assert_eq!(octets("a\u{ff}".to_string()), b"a\xff");
        assert_eq!(octets("\u{e9}\u{20ac}".to_string()), "\u{e9}\u{20ac}".as_bytes());
    }

    #[test]
    fn only_a_head_is_a_head() {
        assert!(Head::parse(r#"["GET","/",[["a","b"]],""]"#).is_some());
        for bad in ["", "null", "[]", r#"["GET","/",[["a"]],""]"#, r#"["GET","/",[["a","\ud800"]],""]"#] {
            assert!(Head::parse(bad).is_none(), "{bad}");
        }
    }
}
