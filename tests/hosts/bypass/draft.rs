//! A request that is put together, and its bytes in HTTP/1.1.

/// How the length of the body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Not at all.
    Untold,
    /// By `Content-Length`.
    Length,
    /// In chunks of at most so many bytes.
    Chunked(usize),
}

/// A request before it is bytes.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) method: String,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) framing: Framing,
}

impl Draft {
    pub(crate) fn new(method: &str, target: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Host".to_owned(), b"gate.example".to_vec())];
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers,
            body: Vec::new(),
            framing: Framing::Untold,
        }
    }

    pub(crate) fn header(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> &mut Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a cookie to those there are: a client sends one line of them (RFC 6265 section 5.4).
    pub(crate) fn cookie(&mut self, name: &str, value: &str) -> &mut Self {
        let pair = format!("{name}={value}");
        match self.headers.iter_mut().find(|(known, _)| known == "Cookie") {
            Some((_, line)) => line.extend(format!("; {pair}").bytes()),
            None => self.headers.push(("Cookie".to_owned(), pair.into_bytes())),
        }
        self
    }

    /// Takes every header of that name away.
    pub(crate) fn without(&mut self, name: &str) -> &mut Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn json(&mut self, body: impl Into<Vec<u8>>) -> &mut Self {
        self.body("application/json", body)
    }

    /// Gives it a body of a known length.
    pub(crate) fn body(&mut self, kind: &str, body: impl Into<Vec<u8>>) -> &mut Self {
        self.without("content-type").header("Content-Type", kind);
        self.body = body.into();
        self.framing = Framing::Length;
        self
    }

    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    pub(crate) fn path(&self) -> Vec<u8> {
        self.target.split(|byte| *byte == b'?').next().unwrap_or_default().to_vec()
    }

    /// Adds to the query, as it stands.
    pub(crate) fn query(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        self.target.push(if self.target.contains(&b'?') { b'&' } else { b'?' });
        self.target.extend_from_slice(text.as_ref());
        self
    }

    pub(crate) fn head(&self) -> Vec<u8> {
        let mut bytes = [self.method.as_bytes(), b" ", &self.target, b" HTTP/1.1\r\n"].concat();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        match self.framing {
            Framing::Untold => {
                bytes.extend(b"\r\n");
                bytes.extend(&self.body);
            }
            Framing::Length => {
                bytes.extend(format!("Content-Length: {}\r\n\r\n", self.body.len()).bytes());
                bytes.extend(&self.body);
            }
            Framing::Chunked(most) => {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in self.body.chunks(most.max(1)) {
                    bytes.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
                }
                bytes.extend(b"0\r\n\r\n");
            }
        }
        bytes
    }
}
