//! The Worker in workerd, in front of real AgentFlow servers that let everybody do everything: whatever is refused here
//! was refused by the gate, and the servers' own logs tell what got past it. And policies beside the documents that
//! the servers make of their routes.

mod availability;
mod dialect;
mod hostile;
mod lab;
mod openapi;
mod records;
mod roles;
mod streaming;
mod websocket;

use std::fmt::Debug;

use anyhow::Result;
use futures_util::future::LocalBoxFuture;

use crate::demo::Summary;
use crate::step::step;

use lab::{Lab, Release};

/// What one part of the test found out.
#[derive(Debug, Default)]
struct Report {
    summary: Summary,
    /// What must have reached the origin, as its log writes it: `GET /v1/threads?case=1`.
    let_in: Vec<String>,
}

impl Report {
    /// Counts a check: `got` has to be `expected`.
    fn equal<T: PartialEq + Debug>(&mut self, what: &str, got: T, expected: T) {
        let failure = (got != expected).then(|| format!("{what}: got {got:?}, expected {expected:?}"));
        self.summary.count(failure);
    }

    /// Counts a check: `holds` has to; `got` is shown if it does not.
    fn holds(&mut self, what: &str, holds: bool, got: impl Debug) {
        self.summary.count((!holds).then(|| format!("{what}: got {got:?}")));
    }

    /// Notes a request that must have reached the origin.
    fn let_in(&mut self, method: &str, target: &str) {
        self.let_in.push(format!("{method} {target}"));
    }

    fn add(&mut self, other: Self) {
        self.summary.add(other.summary);
        self.let_in.extend(other.let_in);
    }
}

/// Runs the whole test.
///
/// # Errors
///
/// If it could not be run at all; failed checks are in the summary.
pub(crate) fn run() -> Result<Summary> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let lab = step("set up gates and origins", |step| Lab::set_up(step, &runtime))?;
    let mut summary = Summary::default();

    let first = &lab.first;
    let parts: [(&str, LocalBoxFuture<'_, Result<Report>>); 4] = [
        ("roles and routes, credential forwarded", Box::pin(roles::check(&first.forward, first, "forward"))),
        ("roles and routes, credential swapped", Box::pin(roles::check(&first.swap, first, "swap"))),
        ("refusals in AgentFlow's words", Box::pin(dialect::check(&lab))),
        ("streams and uploads", Box::pin(streaming::check(&lab))),
    ];
    let mut report = Report::default();
    for (title, part) in parts {
        report.add(play(title, part, &runtime)?);
    }
    report.add(play("WebSockets", websocket::check(&lab), &runtime)?);
    check_log(first, &mut report)?;
    summary.add(report.summary);

    let second = &lab.second;
    let mut report =
        play("roles and routes, 10xGraph 0.9.0", roles::check(&second.swap, second, "swap"), &runtime)?;
    check_log(second, &mut report)?;
    summary.add(report.summary);

    summary.add(play("origins and configurations that fail", availability::check(&lab), &runtime)?.summary);
    summary.add(play("API-key records from Workers KV", records::check(&lab), &runtime)?.summary);
    summary.add(play("hostile requests", hostile::check(&lab), &runtime)?.summary);
    summary.add(openapi::check(&lab, &runtime)?.summary);
    Ok(summary)
}

fn play(
    title: &str,
    part: impl Future<Output = Result<Report>>,
    runtime: &tokio::runtime::Runtime,
) -> Result<Report> {
    step(title, |step| {
        let report = runtime.block_on(part)?;
        step.say(&format!("{} of {} checks passed", report.summary.passed, report.summary.total()));
        Ok(report)
    })
}

/// The server's own log shows exactly the requests that had to get through: none is missing, none is there that was
/// refused.
fn check_log(release: &Release, report: &mut Report) -> Result<()> {
    let arrivals = release.server.wait_for_arrivals(report.let_in.len())?;
    // Requests the test itself sends straight to the origin say so.
    let arrivals = arrivals.iter().filter(|arrival| !arrival.contains("direct"));
    let mut seen: Vec<&str> = arrivals.filter_map(|arrival| Some(arrival.rsplit_once(' ')?.0)).collect();
    let let_in = std::mem::take(&mut report.let_in);
    let mut missing = Vec::new();
    for expected in &let_in {
        match seen.iter().position(|arrival| arrival == expected) {
            Some(position) => drop(seen.swap_remove(position)),
            None => missing.push(expected),
        }
    }
    let name = release.name;
    report.holds(&format!("{name}: let in, but not in the server's log"), missing.is_empty(), &missing);
    report.holds(&format!("{name}: in the server's log, but not let in"), seen.is_empty(), &seen);
    report.holds(&format!("{name}: some requests were let in"), let_in.len() > 30, let_in.len());
    Ok(())
}
