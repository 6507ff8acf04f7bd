//! Forms as `multipart/form-data` ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)), written as every client writes them.
//!
//! SECURITY: servers differ in what they forgive: text before the first boundary and after the last, lines that end in LF
//! alone, folded headers, escapes and encodings of names, parts within parts. All of that is refused, and so is a boundary
//! anywhere but where one belongs. A parser that forgives would have to forgive exactly what the origin does.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::field::Field;
use super::media_type::{has_another_reading, is_plain_text};

const CRLF: &[u8] = b"\r\n";

/// The fields of a form; `None` if servers read it differently.
pub(super) fn parse<'b>(body: &'b [u8], boundary: &str) -> Option<Vec<Field<'b>>> {
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut rest = body.strip_prefix(delimiter.as_slice())?;
    let mut fields = Vec::new();
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            let is_end = end.is_empty() || end == CRLF;
            return is_end
                .then_some(fields)
                .filter(|fields| !fields.iter().any(Field::names_another_charset));
        }
        let (part, after) = cut(rest.strip_prefix(CRLF)?, &delimiter)?;
        fields.push(field(part.strip_suffix(CRLF)?)?);
        rest = after;
    }
}

/// What stands before the first occurrence of `mark`, and what behind it.
fn cut<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let first = mark.first()?;
    let mut from = 0;
    loop {
        // Byte by byte, which is quick in a long file, and all of the mark only where it may begin.
        let next = bytes.get(from..)?.iter().position(|byte| byte == first)?;
        let (before, rest) = bytes.split_at_checked(from.checked_add(next)?)?;
        if let Some(after) = rest.strip_prefix(mark) {
            return Some((before, after));
        }
        from = before.len().checked_add(1)?;
    }
}

/// One part: headers, an empty line, and the value.
fn field(part: &[u8]) -> Option<Field<'_>> {
    let (head, value) = cut(part, b"\r\n\r\n")?;
    let headers = Headers::read(head)?;
    if headers.length.is_some_and(|length| length != value.len()) {
        return None;
    }
    let Disposition { name, has_filename } = headers.disposition?;
    let is_text = !has_filename && headers.media_type.is_none_or(is_plain_text);
    Some(Field { name: Cow::Borrowed(name), value: Cow::Borrowed(value), is_text })
}

/// The headers of a part that mean something to a server.
#[derive(Default)]
struct Headers<'b> {
    disposition: Option<Disposition<'b>>,
    media_type: Option<&'b [u8]>,
    length: Option<usize>,
    has_encoding: bool,
}

impl<'b> Headers<'b> {
    fn read(head: &'b [u8]) -> Option<Self> {
        let mut headers = Self::default();
        let mut rest = head;
        loop {
            let (line, after) = cut(rest, CRLF).unwrap_or((rest, b""));
            headers.add(line)?;
            if after.is_empty() {
                return Some(headers);
            }
            rest = after;
        }
    }

    /// One header more; `None` if it is there already, or is not known to change nothing.
    fn add(&mut self, line: &'b [u8]) -> Option<()> {
        if line.iter().any(u8::is_ascii_control) {
            return None;
        }
        let (name, value) = cut(line, b":")?;
        let value = value.trim_ascii();
        let is_first = match name.to_ascii_lowercase().as_slice() {
            b"content-disposition" => self.disposition.replace(Disposition::parse(value)?).is_none(),
            b"content-type" if !has_another_reading(value) => self.media_type.replace(value).is_none(),
            b"content-length" => {
                let length = core::str::from_utf8(value).ok()?.parse().ok()?;
                self.length.replace(length).is_none()
            }
            b"content-transfer-encoding" => {
                let changes_nothing = [&b"binary"[..], b"8bit", b"7bit"]
                    .iter()
                    .any(|coding| value.eq_ignore_ascii_case(coding));
                changes_nothing && !core::mem::replace(&mut self.has_encoding, true)
            }
            _ => false,
        };
        is_first.then_some(())
    }
}

/// `form-data; name="…"` and perhaps a file name.
struct Disposition<'b> {
    name: &'b str,
    has_filename: bool,
}

impl<'b> Disposition<'b> {
    fn parse(value: &'b [u8]) -> Option<Self> {
        let text = core::str::from_utf8(value).ok()?;
        let (essence, mut rest) = text.split_at_checked("form-data".len())?;
        if !essence.eq_ignore_ascii_case("form-data") {
            return None;
        }
        let (mut name, mut filename) = (None, None);
        while !rest.is_empty() {
            let (key, quoted) = rest.trim_start_matches(' ').strip_prefix(';')?.split_once("=\"")?;
            let (content, after) = quoted.split_once('"')?;
            // A server may take a backslash for an escape, and a semicolon for the end.
            let is_plain = !content.contains(['\\', ';']);
            let parameter = match key.trim_start_matches(' ').to_ascii_lowercase().as_str() {
                "name" => &mut name,
                "filename" => &mut filename,
                _ => return None,
            };
            if !is_plain || parameter.replace(content).is_some() {
                return None;
            }
            rest = after;
        }
        Some(Self { name: name?, has_filename: filename.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use alloc::string::String;
    use alloc::vec::Vec;

    /// `name=value` of each field, `name:value` of one that may be a file; `None` if the form is refused.
    fn read(body: &str) -> Option<Vec<String>> {
        let fields = parse(body.as_bytes(), "X")?;
        let shown = |field: &super::Field<'_>| {
            let sign = if field.is_text { "=" } else { ":" };
            [&*field.name, sign, &String::from_utf8_lossy(&field.value)].concat()
        };
        Some(fields.iter().map(shown).collect())
    }

    fn part(head: &str) -> Option<Vec<String>> {
        read(&["--X\r\n", head, "\r\n\r\nv\r\n--X--\r\n"].concat())
    }

    const NAME: &str = "Content-Disposition: form-data; name=\"n\"";

    #[test]
    fn forms_as_clients_write_them() {
        let two = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--X\r\nContent-Disposition: form-data; name=\"b\"; filename=\"f.txt\"\r\nContent-Type: text/plain\r\n\r\n2\r\n\r\n3\r\n--X--\r\n";
        assert_eq!(read(two).unwrap(), ["a=1", "b:2\r\n\r\n3"]);
        assert_eq!(read(two.strip_suffix("\r\n").unwrap()).unwrap(), ["a=1", "b:2\r\n\r\n3"], "Node.js");
        assert_eq!(read("--X--\r\n").unwrap(), [""; 0]);
        for (more, expected) in [
            ("", "n=v"),
            ("\r\nContent-Type: text/plain", "n=v"),
            ("\r\nContent-Type: text/plain; charset=UTF-8", "n=v"),
            ("\r\nContent-Type: application/json", "n:v"),
            ("\r\nContent-Type: application/octet-stream", "n:v"),
            ("\r\nContent-Length: 1", "n=v"),
            ("\r\nContent-Transfer-Encoding: binary", "n=v"),
            ("; filename=\"x\"", "n:v"),
            ("; filename=\"\"", "n:v"),
            (" ;filename=\"ü\"", "n:v"),
        ] {
            assert_eq!(part(&[NAME, more].concat()).unwrap(), [expected], "{more}");
        }
        for (head, expected) in [
            ("content-disposition: Form-Data; Name=\"n\"", "n=v"),
            ("Content-Disposition:form-data;name=\"n\"", "n=v"),
            ("Content-Disposition: form-data; filename=\"x\"; name=\"n\"", "n:v"),
            ("Content-Type: text/plain\r\nContent-Disposition: form-data; name=\"n\"", "n=v"),
            ("Content-Disposition: form-data; name=\"\"", "=v"),
            ("Content-Disposition: form-data; name=\"n%22\"", "n%22=v"),
            ("Content-Disposition: form-data; name=\"n[]\"", "n[]=v"),
        ] {
            assert_eq!(part(head).unwrap(), [expected], "{head}");
        }
    }

    #[test]
    fn what_two_servers_could_read_differently() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n--X--\r\n";
        assert!(read(body).is_some());
        for (what, bad) in [
            ("nothing", String::new()),
            ("an empty line in front", ["\r\n", body].concat()),
            ("text in front", ["preamble\r\n", body].concat()),
            ("text behind", [body, "epilogue"].concat()),
            ("an empty line behind", [body, "\r\n"].concat()),
            ("another form behind", [body, body].concat()),
            ("no end", body.replace("--X--", "--X")),
            ("cut off", String::from(body.strip_suffix("--\r\n").unwrap())),
            ("LF alone", body.replace("\r\n", "\n")),
            ("LF before a boundary", body.replace("v\r\n", "v\n")),
            ("LF behind a boundary", body.replacen("--X\r\n", "--X\n", 1)),
            ("a blank behind a boundary", body.replacen("--X\r\n", "--X \r\n", 1)),
            ("a boundary that begins like it", body.replacen("--X\r\n", "--XY\r\n", 1)),
            ("a boundary within a line", body.replace('v', "v--X")),
            ("a boundary within the headers", body.replace("\"n\"", "\"n--X\"")),
            ("text behind the end", body.replace("--X--", "--X--x")),
            ("no empty line", body.replace("\r\n\r\n", "\r\n")),
            ("no headers", String::from("--X\r\n\r\nv\r\n--X--\r\n")),
        ] {
            assert_eq!(read(&bad), None, "{what}");
        }
        for head in [
            "Content-Type: text/plain",
            "Content-Disposition: form-data",
            "Content-Disposition: form-data;",
            "Content-Disposition: form-data; name=n",
            "Content-Disposition: form-data; name='n'",
            "Content-Disposition: form-data; name =\"n\"",
            "Content-Disposition: form-data; name= \"n\"",
            "Content-Disposition: form-data; name*=\"n\"",
            "Content-Disposition: form-data; name*=utf-8''n",
            "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
            "Content-Disposition: form-data; name=\"a\\\"b\"",
            "Content-Disposition: form-data; name=\"a;b\"",
            "Content-Disposition: form-data; name=\"n\"x",
            "Content-Disposition: form-data; name=\"n\" x",
            "Content-Disposition: form-data; name=\"n\"; filename*=utf-8''x",
            "Content-Disposition: form-data; name=\"n\"; filename=x",
            "Content-Disposition: form-data; name=\"n\"; size=\"1\"",
            "Content-Disposition: attachment; name=\"n\"",
            "Content-Disposition: form-data2; name=\"n\"",
            "Content-Disposition : form-data; name=\"n\"",
            " Content-Disposition: form-data; name=\"n\"",
            "Content-Disposition: form-data;\r\n name=\"n\"",
            "Content-Disposition: form-data;\tname=\"n\"",
            "Content-Disposition: form-data; name=\"a\0\"",
            "Content-Disposition: form-data; name=\"n\"\r\nContent-Disposition: form-data; name=\"m\"",
            "Content-Disposition: form-data; name=\"n\"\r\nContent-Type: text/plain\r\nContent-Type: text/plain",
            "Content-Disposition: form-data; name=\"n\"\r\nContent-Type: text/plain; charset=utf-16",
            "Content-Disposition: form-data; name=\"n\"\r\nContent-Type: multipart/mixed; boundary=Y",
            "Content-Disposition: form-data; name=\"n\"\r\nContent-Length: 2",
            "Content-Disposition: form-data; name=\"n\"\r\nContent-Length: x",
            "Content-Disposition: form-data; name=\"n\"\r\nContent-Transfer-Encoding: base64",
            "Content-Disposition: form-data; name=\"n\"\r\nContent-Encoding: gzip",
            "Content-Disposition: form-data; name=\"n\"\r\nX-Other: 1",
            "Content-Disposition: form-data; name=\"n\"\r\nno header",
            "Content-Disposition: form-data; name=\"_charset_\"",
        ] {
            assert_eq!(part(head), None, "{head}");
        }
    }
}
