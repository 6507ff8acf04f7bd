//! WebSockets: the three places a token may stand in, and refusals before the upgrade.

use anyhow::Result;
use serde_json::{Value, json};

use portcullis_test_support::client::websocket::{self, Outcome};

use crate::lab::{Gate, Lab};
use crate::report::Report;

const PATH: &str = "/v1/graph/ws";
const SENTINEL: &str = "agentflow-bearer";

/// What one run of the fixture says, word by word.
const WORDS: [&str; 5] = ["chunk-1 ", "chunk-2 ", "chunk-3 ", "chunk-4 ", "chunk-5 for alice"];

pub(crate) async fn check(lab: &Lab) -> Result<Report> {
    let (forward, swap) =
        tokio::try_join!(through(&lab.first.forward, "forward"), through(&lab.first.swap, "swap"))?;
    let mut report = Report::default();
    let log = lab.first.server.log()?;
    for (part, tokens) in [forward, swap] {
        report.add(part);
        for token in &tokens {
            report.holds("no token in the server's log", !log.contains(token.as_str()), "a token");
        }
    }
    Ok(report)
}

/// All runs through one gate, and the tokens they used.
async fn through(gate: &Gate, kind: &str) -> Result<(Report, [String; 2])> {
    let mut report = Report::default();
    let mut run = Run { gate, kind, report: &mut report };
    let user = gate.token("alice", Some("user"))?;
    let guest = gate.token("gina", Some("guest"))?;
    let header = |token: &str| ("authorization", format!("Bearer {token}"));
    let offer = |token: &str| ("sec-websocket-protocol", format!("{SENTINEL}, {token}"));

    run.accepted("authorization", "", &[header(&user)], None).await?;
    run.accepted("protocol", "", &[offer(&user)], Some(SENTINEL)).await?;
    run.accepted("query", &format!("token={user}&"), &[], None).await?;

    run.refused("nobody", &[], 401).await?;
    run.refused("guest", &[header(&guest)], 403).await?;
    run.refused("guest-protocol", &[offer(&guest)], 403).await?;
    run.refused("two-credentials", &[header(&guest), offer(&user)], 400).await?;
    Ok((report, [user, guest]))
}

struct Run<'r> {
    gate: &'r Gate,
    kind: &'r str,
    report: &'r mut Report,
}

impl Run<'_> {
    /// The message that starts a run, on a thread of its own.
    fn message(&self, case: &str) -> String {
        json!({
            "invoke_type": "fresh",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
            "config": {"thread_id": format!("{}-{case}", self.kind)},
        })
        .to_string()
    }

    async fn accepted(
        &mut self,
        case: &str,
        query: &str,
        headers: &[(&str, String)],
        protocol: Option<&str>,
    ) -> Result<()> {
        let kind = self.kind;
        let target = format!("{PATH}?{query}case={kind}-{case}");
        let outcome = websocket::run(self.gate.address(), &target, headers, &self.message(case)).await?;
        // The server must not see the parameter that carried the token.
        self.report.allowed("WebSocket", &format!("{PATH}?case={kind}-{case}"));
        let what = format!("WebSocket, {kind}, {case}");
        match outcome {
            Outcome::Ran { protocol: chosen, frames } => {
                self.report.equal(&format!("{what}: protocol"), chosen.as_deref(), protocol);
                self.report.equal(&format!("{what}: words"), words(&frames), WORDS.map(str::to_owned).into());
                let done = frames.last().is_some_and(|frame| frame.contains(r#""status":"done""#));
                self.report.holds(&format!("{what}: ends with done"), done, frames.last());
            }
            refused @ Outcome::Refused { .. } => self.report.holds(&what, false, refused),
        }
        Ok(())
    }

    async fn refused(&mut self, case: &str, headers: &[(&str, String)], expected: u16) -> Result<()> {
        let target = format!("{PATH}?case={}-{case}", self.kind);
        let outcome = websocket::run(self.gate.address(), &target, headers, &self.message(case)).await?;
        let refused = matches!(&outcome, Outcome::Refused { status, body } if *status == expected && body.contains("\"error\""));
        self.report.holds(
            &format!("WebSocket, {}, {case}: {expected} in AgentFlow's words", self.kind),
            refused,
            outcome,
        );
        Ok(())
    }
}

/// The words of a run as they came, one a message.
fn words(frames: &[String]) -> Vec<String> {
    let messages = frames.iter().filter_map(|frame| serde_json::from_str::<Value>(frame).ok());
    let deltas =
        messages.filter(|message| message.pointer("/message/delta").is_some_and(|delta| delta == true));
    let texts =
        deltas.filter_map(|delta| Some(delta.pointer("/message/content/0/text")?.as_str()?.to_owned()));
    texts.collect()
}
