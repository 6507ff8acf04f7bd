//! Frames: what `handler.mjs` is to do, as one string of lines.
//!
//! | first line | then |
//! | --- | --- |
//! | `forward` | log line, URL, then `-name` for a header to remove, `+name`, value for one to set; and for the response, `<name` to remove, `>name`, value to set, `&name`, value to add |
//! | `response` | log line (empty: do not log), status, then name, value of each header, an empty line, the body |
//! | `failure` | by what a limiter that all isolates share knows the client, then the rest of a `response` |
//! | `api_key_record` | the handle for `supply_record`, by what the store knows the record that is needed |
//! | `revocations` | the handle for `supply_revocations`, then by what names the store knows revocations of the credential |
//! | `body` | the handle for `supply_body`, the greatest length of the request's body that is of use, in bytes |
//! | `call` | the handle for `supply_reply`, the time-out in milliseconds, method, URL, then name, value of each header, an empty line, the body |
//! | `shared` | the handle for `supply_reply`, the path of the entry of the shared cache that is its body, the greatest length of that, in bytes |
//! | `share` | the path of an entry to make, for how many seconds, its text; then the rest is a frame of its own |
//! | `wait` | the handle for `again`, and after how many milliseconds to call it |
//! | `refresh` | the handle for `refreshed`, and the rest as in `call`: what `due` and `refreshed` return, and no decision |
//!
//! One string because each that crosses the boundary costs an allocation and a decoding on both sides. Only a body may
//! hold a line break, and nothing follows it.

use portcullis::limits::SHARED_BYTES;
use portcullis::{Call, CallTarget, Forward, Response, SharedAnswer};

/// A field would break its frame: a line break in it, or nothing where something must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unframeable;

/// Lines under construction.
struct Frame(String);

/// The frame that sends a request on.
pub(crate) fn forward(log: &str, origin: &str, forward: &Forward) -> Result<String, Unframeable> {
    let mut frame = Frame::new("forward", log)?;
    frame.line(&[origin, &forward.target])?;
    for name in &forward.remove_headers {
        frame.line(&["-", name])?;
    }
    for name in forward.remove_response_headers {
        frame.line(&["<", name])?;
    }
    for (mark, headers) in [
        ("+", &forward.set_headers),
        (">", &forward.response_headers),
        ("&", &forward.append_response_headers),
    ] {
        for (name, value) in headers {
            frame.line(&[mark, name])?;
            frame.line(&[value])?;
        }
    }
    Ok(frame.0)
}

/// The frame that answers a request here.
pub(crate) fn response(log: &str, response: &Response) -> Result<String, Unframeable> {
    let mut frame = Frame::new("response", log)?;
    frame.line(&[&response.status.to_string()])?;
    frame.message(&response.headers, &response.body)?;
    Ok(frame.0)
}

/// The frame that answers here for a failure of the client `key`.
pub(crate) fn failure(key: &str, log: &str, answer: &Response) -> Result<String, Unframeable> {
    let rest = response(log, answer)?;
    let (_, rest) = rest.split_once('\n').ok_or(Unframeable)?;
    Ok(format!("failure\n{key}\n{rest}"))
}

/// What the frames of a call have after the handle.
pub(crate) fn call_lines(call: &Call, origin: &str) -> Result<String, Unframeable> {
    let mut frame = Frame(call.timeout_secs().saturating_mul(1000).to_string());
    frame.line(&[call.method()])?;
    match call.target() {
        CallTarget::Url(url) => frame.line(&[url])?,
        CallTarget::Origin(target) => frame.line(&[origin, target])?,
    }
    frame.message(call.headers(), call.body())?;
    Ok(frame.0)
}

/// The frame that asks for an answer to a call: of `kind`, for the decision or the fetch under `handle`.
pub(crate) fn call(kind: &str, handle: &str, lines: &str) -> String {
    format!("{kind}\n{handle}\n{lines}")
}

/// What is before the name of an answer in the path of its entry. No origin has such a path, and no caller knows a name.
const SHARED_PATH: &str = "/.portcullis/shared/";

/// The frame that asks for an entry of the shared cache. The core made sure that `name` is hexadecimal digits.
pub(crate) fn shared(handle: &str, name: &str) -> String {
    format!("shared\n{handle}\n{SHARED_PATH}{name}\n{SHARED_BYTES}")
}

/// The frame that makes an entry, before `frame`. The core made sure that it is letters, digits, `-` and `_`.
pub(crate) fn share(answer: &SharedAnswer, frame: &str) -> String {
    let SharedAnswer { name, secs, sealed } = answer;
    format!("share\n{SHARED_PATH}{name}\n{secs}\n{sealed}\n{frame}")
}

/// The frame that asks to come back.
pub(crate) fn wait(handle: &str, millis: u64) -> String {
    format!("wait\n{handle}\n{millis}")
}

/// The frame that asks for the record of an API key. The core made sure that `key` is letters, digits and a colon.
pub(crate) fn need_api_key_record(handle: &str, key: &str) -> String {
    format!("api_key_record\n{handle}\n{key}")
}

/// The frame that asks for revocations. The core made sure that `keys` are letters, digits, underscores and a colon.
pub(crate) fn need_revocations(handle: &str, keys: &[String]) -> String {
    format!("revocations\n{handle}\n{}", keys.join("\n"))
}

/// The frame that asks for the body.
pub(crate) fn need_body(handle: &str, limit: usize) -> String {
    format!("body\n{handle}\n{limit}")
}

impl Frame {
    fn new(kind: &str, log: &str) -> Result<Self, Unframeable> {
        let mut frame = Self(kind.to_string());
        frame.line(&[log])?;
        Ok(frame)
    }

    /// Adds one line, the parts joined.
    fn line(&mut self, parts: &[&str]) -> Result<(), Unframeable> {
        self.0.push('\n');
        for part in parts {
            // SECURITY: a field with a line break could pass itself off as a header to set.
            if part.contains(['\n', '\r', '\0']) {
                return Err(Unframeable);
            }
            self.0.push_str(part);
        }
        Ok(())
    }

    /// Adds headers, an empty line, and the body.
    fn message(&mut self, headers: &[(String, String)], body: &str) -> Result<(), Unframeable> {
        for (name, value) in headers {
            if name.is_empty() {
                // It would read as the end of the headers.
                return Err(Unframeable);
            }
            self.line(&[name])?;
            self.line(&[value])?;
        }
        self.line(&[])?;
        self.0.push('\n');
        self.0.push_str(body);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Unframeable, failure, forward, response};
    use portcullis::{CredentialHandling, Forward, Response};

    fn to(target: &str, value: &str) -> Forward {
        Forward {
            target: target.to_string(),
            remove_headers: vec!["x-user-id".to_string()],
            set_headers: vec![("authorization".to_string(), value.to_string())],
            credential: CredentialHandling::Replace,
            remove_response_headers: &["x-own"],
            response_headers: vec![("x-told".to_string(), "y".to_string())],
            append_response_headers: vec![("vary".to_string(), "z".to_string())],
        }
    }

    #[test]
    fn a_forward_is_lines() {
        let framed = forward("{}", "http://origin", &to("/v1?a=b", "Bearer x"));
        let request = "forward\n{}\nhttp://origin/v1?a=b\n-x-user-id\n<x-own\n+authorization\nBearer x";
        assert_eq!(framed, Ok(format!("{request}\n>x-told\ny\n&vary\nz")));
    }

    #[test]
    fn a_response_ends_with_its_body() {
        let headers = vec![("content-type".to_string(), "text/plain".to_string())];
        let framed = response("", &Response { status: 401, headers, body: "a\n\nb".to_string() });
        assert_eq!(framed.as_deref(), Ok("response\n\n401\ncontent-type\ntext/plain\n\na\n\nb"));
    }

    #[test]
    fn a_failure_is_a_response_that_is_counted_first() {
        let answer = Response { status: 401, headers: Vec::new(), body: "no".to_string() };
        assert_eq!(failure("k", "{}", &answer).as_deref(), Ok("failure\nk\n{}\n401\n\nno"));
    }

    #[test]
    fn a_line_break_in_a_field_has_no_frame() {
        for (target, value) in [("/a\n+x", "v"), ("/a", "v\n-authorization"), ("/a", "v\r"), ("/a", "v\0")] {
            assert_eq!(forward("{}", "http://origin", &to(target, value)), Err(Unframeable));
        }
        let headers = vec![(String::new(), "v".to_string())];
        assert_eq!(response("", &Response { status: 401, headers, body: String::new() }), Err(Unframeable));
    }
}
