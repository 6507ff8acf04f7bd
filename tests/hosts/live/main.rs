//! What a gate learns while it runs, on real hosts and from a real server: keys, who callers are, who fails too often.

mod asks;
mod hosts;
mod keys;
mod limits;
mod scene;
mod scheduled;

use std::process::ExitCode;

use anyhow::Result;
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::summary::Summary;

use crate::hosts::{KINDS, Kind};

type Check = fn(Kind, &mut Summary) -> Result<()>;

const CHECKS: &[(&str, Check)] = &[
    ("keys_by_url", keys::by_url),
    ("keys_by_discovery", keys::by_discovery),
    ("faults_from_the_start", keys::faults_from_the_start),
    ("faults_and_rotation_later", keys::faults_and_rotation_later),
    ("rotation", keys::rotation),
    ("who_am_i", asks::who_am_i),
    ("introspection", asks::introspection),
    ("verify_call", asks::verify_call),
    ("a_client_that_leaves", asks::a_client_that_leaves),
    ("revoked_tokens", limits::revoked_tokens),
    ("failed_credentials", limits::failed_credentials),
];

fn main() -> ExitCode {
    let tests = KINDS.iter().flat_map(|(host, kind)| {
        CHECKS.iter().map(move |(name, check)| {
            harness::checks(format!("live::{host}::{name}"), move |summary| check(*kind, summary))
        })
    });
    let scheduled = harness::checks("live::worker::scheduled", scheduled::scheduled);
    harness::run(tests.chain([scheduled]).collect(), Order::Parallel)
}
