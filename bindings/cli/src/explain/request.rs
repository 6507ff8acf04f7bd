//! The request that is asked about.

use std::path::Path;

use portcullis_analysis::request::SampleRequest;

use crate::input;
use crate::output::Failure;

/// A request as it is given on the command line.
pub(super) fn read(line: &str, headers: &[String], body: Option<&Path>) -> Result<SampleRequest, Failure> {
    let (method, target) = line
        .split_once(' ')
        .ok_or("write a method and a target: `portcullis explain … 'GET /v1/threads'`")?;
    let mut request = SampleRequest::new(method, target);
    for line in headers {
        let (name, value) = header(line)?;
        request = request.with_header(name, value);
    }
    request.body = body.map(|path| input::file("--body", path)).transpose()?;
    Ok(request)
}

fn header(line: &str) -> Result<(&str, &str), Failure> {
    let (name, value) = line.split_once(':').ok_or("-H: write a header as 'Name: value'")?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("-H: write a header as 'Name: value', with no space before the colon".to_owned());
    }
    Ok((name, value.trim()))
}
