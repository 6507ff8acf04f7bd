//! Bodies in both directions pass through the gate as they come.

use std::time::Duration;

use anyhow::{Context as _, Result};

use portcullis_test_support::client::{self, Request, Response};
use portcullis_test_support::origin::tokens;

use crate::lab::Lab;
use crate::report::Report;

const RUN: &str = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}],"config":{"thread_id":"stream"}}"#;

/// The fixture sends a word every 150 ms; what comes closer together came in one piece.
const PAUSE: Duration = Duration::from_millis(80);

const UPLOAD_BYTES: usize = 5 * 1024 * 1024;

pub(crate) async fn check(lab: &Lab) -> Result<Report> {
    let mut report = Report::default();
    for (kind, gate) in [("forward", &lab.first.forward), ("swap", &lab.first.swap)] {
        let target = format!("/v1/graph/stream?case={kind}-stream");
        let request = Request::new("POST", &target).bearer(&gate.token("alice", Some("user"))?).json(RUN);
        let response = client::send(gate.address(), &request).await?;
        report.allowed("POST", &target);
        report.equal(&format!("stream, {kind}: status"), response.status, 200);
        check_pace(&response, kind, &mut report)?;
        // The last word of the fixture names whom the server took the caller for.
        report.holds(
            &format!("stream, {kind}: for alice"),
            response.text().contains("for alice"),
            response.text(),
        );
    }
    let target = "/v1/graph/invoke?case=swap-api-key";
    let request = Request::new("POST", target).header("X-API-Key", &lab.secrets.api_key).json(RUN);
    let response = client::send(lab.first.swap.address(), &request).await?;
    report.allowed("POST", target);
    report.equal("invoke with an API key: status", response.status, 200);
    report.holds(
        "invoke with an API key: for key:robot",
        response.text().contains("for key:robot"),
        response.text(),
    );

    check_upload(lab, &mut report).await?;
    Ok(report)
}

fn check_pace(response: &Response, kind: &str, report: &mut Report) -> Result<()> {
    let first = response.chunks.first().context("the stream was empty")?.at;
    let last = response.chunks.last().context("the stream was empty")?.at;
    let times: Vec<Duration> = response.chunks.iter().map(|chunk| chunk.at).collect();
    let pauses = times.windows(2).filter(|pair| pair[1].saturating_sub(pair[0]) >= PAUSE).count();
    report.holds(&format!("stream, {kind}: at least four pauses of {PAUSE:?} or more"), pauses >= 4, &times);
    let spread = last.saturating_sub(first);
    report.holds(
        &format!("stream, {kind}: the first chunk is there well before the last"),
        spread >= Duration::from_millis(400),
        &times,
    );
    Ok(())
}

async fn check_upload(lab: &Lab, report: &mut Report) -> Result<()> {
    let mut body = b"--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.txt\"\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    body.extend(std::iter::repeat_n(b'x', UPLOAD_BYTES));
    body.extend(b"\r\n--limit--\r\n");
    let upload = |role: &str, target: &str| -> Result<Request> {
        let token = tokens::agentflow("alice", Some(role), &lab.secrets.origin)?;
        let mut request = Request::new("POST", target)
            .bearer(&token)
            .header("Content-Type", "multipart/form-data; boundary=limit");
        request.body.clone_from(&body);
        Ok(request)
    };
    let target = "/v1/files/upload?case=upload";
    let response = client::send(lab.uploads.address(), &upload("uploader", target)?).await?;
    report.allowed("POST", target);
    report.equal("upload: status", (response.status, response.text().contains("\"error\"")), (200, false));
    let size = response.json().pointer("/data/size_bytes").and_then(serde_json::Value::as_u64);
    report.equal("upload: every byte arrived", size, u64::try_from(UPLOAD_BYTES).ok());

    let refused =
        client::send(lab.uploads.address(), &upload("guest", "/v1/files/upload?case=refused")?).await?;
    report.equal("upload by a guest: status", refused.status, 403);
    Ok(())
}
