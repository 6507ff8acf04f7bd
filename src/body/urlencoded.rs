//! Forms as `application/x-www-form-urlencoded`
//! ([URL standard](https://url.spec.whatwg.org/#application/x-www-form-urlencoded)), written as every client writes them.

use alloc::borrow::{Cow, ToOwned};
use alloc::vec::Vec;

use super::field::Field;
use crate::percent;

/// The fields of a form; `None` if servers read it differently: where something stands that clients encode, or where a
/// semicolon may separate fields.
pub(super) fn parse(body: &[u8]) -> Option<Vec<Field<'_>>> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b';';
    let text = core::str::from_utf8(body).ok().filter(|text| text.as_bytes().iter().all(is_plain))?;
    let fields: Option<Vec<Field<'_>>> = text.split('&').filter(|pair| !pair.is_empty()).map(field).collect();
    fields.filter(|fields| !fields.iter().any(Field::names_another_charset))
}

fn field(pair: &str) -> Option<Field<'_>> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = match percent::decode_form(name)? {
        Cow::Borrowed(name) => Cow::Borrowed(core::str::from_utf8(name).ok()?),
        Cow::Owned(name) => Cow::Owned(core::str::from_utf8(&name).ok()?.to_owned()),
    };
    if name.chars().any(char::is_control) {
        return None;
    }
    Some(Field { name, value: percent::decode_form(value)?, is_text: true })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use alloc::vec::Vec;

    #[test]
    fn fields_that_every_server_finds() {
        let fields = parse(b"a=1&&b=x+y%26&c&a=%C3%BC&d%5B%5D==").unwrap();
        let fields: Vec<_> = fields.iter().map(|field| (&*field.name, &*field.value)).collect();
        assert_eq!(
            fields,
            [("a", &b"1"[..]), ("b", b"x y&"), ("c", b""), ("a", "ü".as_bytes()), ("d[]", b"=")]
        );
        assert_eq!(parse(b"").unwrap(), []);
        assert!(parse(b"_charset_=UTF-8&a=1").is_some());
        for bad in [
            &b"a=1;b=2"[..],
            b"a=1\n",
            b"a=1\r\nb=2",
            b"a=x y",
            b"a=\xc3\xbc",
            b"a=%",
            b"a=%zz",
            b"a=%u0061",
            b"%=1",
            b"%ff=1",
            b"a%00=1",
            b"a%0A=1",
            b"_charset_=iso-8859-1&a=1",
            b"_Charset_=utf-7",
        ] {
            assert!(parse(bad).is_none(), "{bad:?}");
        }
    }
}
