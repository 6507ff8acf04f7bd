//! What JavaScript found out for a decision.

use portcullis::Supply;
use serde::Deserialize;

use crate::head::octets;

/// Answers to the needs of a decision, in their order.
#[derive(Debug)]
pub(crate) struct Supplies(Vec<Supplied>);

#[derive(Debug)]
enum Supplied {
    Record(Option<String>),
    Body(Vec<u8>),
    Unavailable,
}

/// One answer as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Written {
    ApiKeyRecord(Option<String>),
    Body(String),
    Unavailable,
}

impl Supplies {
    /// Reads a list of `{"apiKeyRecord": text or null}`, `{"body": one character for each octet}` and `"unavailable"`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let written: Vec<Written> = serde_json::from_str(text).ok()?;
        let supplied = |written| match written {
            Written::ApiKeyRecord(record) => Supplied::Record(record),
            Written::Body(body) => Supplied::Body(octets(body)),
            Written::Unavailable => Supplied::Unavailable,
        };
        Some(Self(written.into_iter().map(supplied).collect()))
    }

    /// The core's view of them.
    pub(crate) fn list(&self) -> Vec<Supply<'_>> {
        self.0.iter().map(Supplied::view).collect()
    }
}

impl Supplied {
    fn view(&self) -> Supply<'_> {
        match self {
            Self::Record(record) => Supply::ApiKeyRecord(record.as_deref().map(str::as_bytes)),
            Self::Body(octets) => Supply::Body(octets),
            Self::Unavailable => Supply::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Supplies;
    use portcullis::Supply;

    #[test]
    fn answers_are_read_as_they_are_written() {
        let text = r#"[{"apiKeyRecord":"{}"},{"apiKeyRecord":null},{"body":"a\u00ff"},"unavailable"]"#;
        let supplies = Supplies::parse(text).expect("a list of supplies");
        let [
            Supply::ApiKeyRecord(Some(record)),
            Supply::ApiKeyRecord(None),
            Supply::Body(body),
            Supply::Unavailable,
        ] = supplies.list()[..]
        else {
            panic!("{supplies:?}");
        };
        assert_eq!((record, body), (&b"{}"[..], &b"a\xff"[..]));
        for bad in
            ["", "{}", "[null]", r#"[{"body":1}]"#, r#"["body"]"#, r#"[{"apiKeyRecord":"","body":""}]"#]
        {
            assert!(Supplies::parse(bad).is_none(), "{bad}");
        }
    }
}
