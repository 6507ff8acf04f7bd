//! Parameters of the head: path, query, headers and cookies.

use alloc::borrow::Cow;

use super::name::{Likeness, likeness};
use super::reading::Reading;
use crate::percent;
use crate::request::Header;

/// A segment of the path.
pub(super) fn path(path: &str, segment: usize) -> Reading<'_> {
    let decoded = path.split('/').skip(1).nth(segment).and_then(percent::decode);
    decoded.map_or(Reading::UNCLEAR, Reading::sole)
}

/// The parameter `name` of a query.
pub(super) fn query<'r>(query: &'r str, name: &str) -> Reading<'r> {
    let mut reading = Reading::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pair.contains(';') {
            // Older servers end a parameter at a semicolon as well, and others drop one that has a semicolon.
            for part in pair.split(';') {
                let (key, value) = part.split_once('=').unwrap_or((part, ""));
                if of_query(key, name) != Likeness::Other {
                    reading.add_unclear(Cow::Borrowed(value.as_bytes()));
                }
            }
            continue;
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (of_query(key, name), percent::decode_form(value)) {
            (Likeness::Other, _) => {}
            (Likeness::Same, Some(value)) => reading.add(value),
            (Likeness::Same, None) | (Likeness::Twin, _) => {
                reading.add_unclear(Cow::Borrowed(value.as_bytes()));
            }
        }
    }
    reading
}

/// What a name of a query, as it is written, is to `wanted`. One that cannot be decoded could be any.
fn of_query(key: &str, wanted: &str) -> Likeness {
    let decoded = percent::decode_form(key);
    match decoded.as_deref().map(core::str::from_utf8) {
        Some(Ok(key)) => likeness(key, wanted),
        Some(Err(_)) | None => Likeness::Twin,
    }
}

/// The header `name`; `lines` are those of this name and of its other spellings.
pub(super) fn header<'r, 'h: 'r>(lines: impl Iterator<Item = &'r Header<'h>>, name: &str) -> Reading<'r> {
    let mut reading = Reading::new();
    for line in lines {
        let value = Cow::Borrowed(line.value().trim_ascii());
        // SECURITY: beside the header itself, another spelling of its name counts as a second one; alone, it does not
        // stand in: most servers would see no such header at all.
        if line.name() == name { reading.add(value) } else { reading.add_unclear(value) }
    }
    reading
}

/// The cookie `name`; `lines` are those of `Cookie`
/// ([RFC 6265 section 5.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.4)).
pub(super) fn cookie<'r>(lines: impl Iterator<Item = &'r [u8]>, name: &str) -> Reading<'r> {
    let mut reading = Reading::new();
    for pair in lines.flat_map(|line| line.split(|byte| *byte == b';')) {
        let pair = pair.trim_ascii();
        if opens_quotes(pair) {
            // To a server that reads quoted values, what follows is a part of this one.
            reading.add_unclear(Cow::Borrowed(pair));
        }
        // RFC 2109 separated cookies by commas as well.
        for (index, part) in pair.split(|byte| *byte == b',').enumerate() {
            match (of_cookie(part, name), value_of(pair)) {
                (Likeness::Other, _) => {}
                (Likeness::Same, Some(value)) if index == 0 => reading.add(Cow::Borrowed(value)),
                _ => reading.add_unclear(Cow::Borrowed(part)),
            }
        }
    }
    reading
}

/// What the name of a cookie is to `wanted`. Of what has no name, servers disagree whether it is one.
fn of_cookie(pair: &[u8], wanted: &str) -> Likeness {
    let pair = pair.trim_ascii();
    let named = pair.iter().position(|byte| *byte != b'=').and_then(|at| pair.get(at..)).unwrap_or_default();
    let key = named.split(|byte| *byte == b'=').next().unwrap_or_default();
    if key.is_empty() {
        return Likeness::Other;
    }
    let decoded = core::str::from_utf8(key).ok().and_then(percent::decode);
    let likeness = match decoded.as_deref().map(core::str::from_utf8) {
        Some(Ok(key)) => likeness(key, wanted),
        Some(Err(_)) | None => Likeness::Twin,
    };
    let is_as_written = pair.starts_with(key) && key == wanted.as_bytes();
    if likeness == Likeness::Same && !is_as_written { Likeness::Twin } else { likeness }
}

/// The value of a cookie, if every server reads it as it is written: no quotes, which some take off, and nothing that some
/// decode.
fn value_of(pair: &[u8]) -> Option<&[u8]> {
    let value = behind_sign(pair)?;
    value.iter().all(|byte| byte.is_ascii_graphic() && !b"\"\\%+,".contains(byte)).then_some(value)
}

/// What stands behind the first equals sign.
fn behind_sign(pair: &[u8]) -> Option<&[u8]> {
    let at = pair.iter().position(|byte| *byte == b'=')?;
    pair.split_at_checked(at)?.1.strip_prefix(b"=")
}

/// Whether the value begins with a quotation mark and does not end with another.
fn opens_quotes(pair: &[u8]) -> bool {
    let value = behind_sign(pair).unwrap_or_default().trim_ascii();
    value.starts_with(b"\"") && !(value.len() > 1 && value.ends_with(b"\""))
}

#[cfg(test)]
mod tests {
    use super::super::reading::Occurrence;
    use super::{cookie, query};
    use alloc::string::String;
    use alloc::vec::Vec;

    /// The one value, `-` for none, `?` for what servers read differently.
    fn shown(reading: &super::Reading<'_>) -> String {
        let found: Vec<_> = reading.found.iter().map(|value| String::from_utf8_lossy(value)).collect();
        match reading.occurrence {
            Occurrence::Absent => "-".into(),
            Occurrence::Sole => found.concat(),
            Occurrence::Unclear => "?".into(),
        }
    }

    #[test]
    fn a_parameter_of_the_query_is_what_every_server_finds() {
        for (text, expected) in [
            ("", "-"),
            ("tenant=t1", "t1"),
            ("a=1&tenant=t1&b", "t1"),
            ("&&tenant=t1&", "t1"),
            ("%74enant=t%31", "t1"),
            ("tenant=a+b%2Bc", "a b+c"),
            ("tenant=", ""),
            ("tenant", ""),
            ("tenants=t2&tenant=t1", "t1"),
            ("x=tenant", "-"),
            ("x=tenant=t2&tenant=t1", "t1"),
            ("tenant=t1=x", "t1=x"),
            ("tenant=t1&tenant=t1", "?"),
            ("tenant=t1&tenant", "?"),
            ("tenant=t1%", "?"),
            ("Tenant=t2&tenant=t1", "?"),
            ("tenant=t1&TENANT=t2", "?"),
            ("%54enant=t2&tenant=t1", "?"),
            ("Tenant=t1", "?"),
            ("tenant[]=t2&tenant=t1", "?"),
            ("tenant%5B%5D=t2&tenant=t1", "?"),
            ("tenant%5b0%5D=t2&tenant=t1", "?"),
            ("tenant[a][b]=t2", "?"),
            ("[tenant]=t2&tenant=t1", "?"),
            ("tenant.x=t2&tenant=t1", "?"),
            ("tenant%2Ex=t2", "?"),
            ("+tenant=t2&tenant=t1", "?"),
            ("tenant+=t2&tenant=t1", "?"),
            ("%20tenant=t2&tenant=t1", "?"),
            ("%09tenant=t2", "?"),
            ("tenant%00=t2&tenant=t1", "?"),
            ("tenant%00x=t2", "?"),
            ("a=1;tenant=t2&tenant=t1", "?"),
            ("tenant=t1&a=1;tenant=t2", "?"),
            ("a=1;Tenant[]=t2", "?"),
            ("a=1&amp;tenant=t2", "?"),
            ("tenant=t1;a=1", "?"),
            ("tenant=t1;", "?"),
            ("a=1;b=2&tenant=t1", "t1"),
            ("?tenant=t2&tenant=t1", "?"),
            ("!tenant=t2", "?"),
            ("%zz=t2&tenant=t1", "?"),
            ("%u0074enant=t2&tenant=t1", "?"),
            ("%2574enant=t2&tenant=t1", "?"),
            ("%ff=t2&tenant=t1", "?"),
        ] {
            assert_eq!(shown(&query(text, "tenant")), expected, "{text}");
        }
    }

    #[test]
    fn a_cookie_is_what_every_server_finds() {
        for (lines, expected) in [
            (&[][..], "-"),
            (&["tenant=t1"], "t1"),
            (&["a=1; tenant=t1;b=2"], "t1"),
            (&["a=1;;tenant=t1; "], "t1"),
            (&["a=1", "tenant=t1"], "t1"),
            (&["tenant=t1=="], "t1=="),
            (&["x,tenant=t1"], "?"),
            (&["tenant="], ""),
            (&["a=tenant=t2"], "-"),
            (&["x=\"q\"; tenant=t1"], "t1"),
            (&["x={\"a\":1,\"b\":2}; tenant=t1"], "t1"),
            (&["tenant=t1; tenant=t1"], "?"),
            (&["tenant=t1", "tenant=t2"], "?"),
            (&["Tenant=t2; tenant=t1"], "?"),
            (&["Tenant=t1"], "?"),
            (&["tenant"], "?"),
            (&["=tenant=t1"], "?"),
            (&["tenant =t1"], "?"),
            (&["tenant= t1"], "?"),
            (&["tenant=\"t1\""], "?"),
            (&["tenant=t%31"], "?"),
            (&["tenant=a+b"], "?"),
            (&["tenant=a b"], "?"),
            (&["tenant=t1\\"], "?"),
            (&["tenant=t1, a=1"], "?"),
            (&["a=1, tenant=t1"], "?"),
            (&["a=1,tenant=t2; tenant=t1"], "?"),
            (&["%74enant=t2; tenant=t1"], "?"),
            (&["%=1; tenant=t1"], "?"),
            (&["tenant[]=t2; tenant=t1"], "?"),
            (&["tenant.x=t2; tenant=t1"], "?"),
            (&["$tenant=t2"], "?"),
            (&["x=\"a; tenant=t1; y=b\""], "?"),
            (&["x=\"; a=1"], "?"),
        ] {
            let lines = lines.iter().map(|line: &&str| line.as_bytes());
            assert_eq!(shown(&cookie(lines.clone(), "tenant")), expected, "{:?}", lines.collect::<Vec<_>>());
        }
        assert_eq!(shown(&cookie([&b"\xff=1; tenant=t1"[..]].into_iter(), "tenant")), "?");
    }
}
