//! What a gate learns while it runs, on real hosts and from a real server: keys, who callers are, who fails too often.

mod asks;
mod bundle;
mod clock;
mod faults;
mod fleet;
mod keys;
mod limits;
mod objects;
mod oidc;
mod scene;
mod scheduled;
mod shared;
mod soak;
mod store;

use std::process::ExitCode;

use anyhow::Result;
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::summary::Summary;

use portcullis_host_tests::hosts::{ALL, Kind, SCRIPTED};

type Check = fn(Kind, &mut Summary) -> Result<()>;

const CHECKS: &[(&str, Check)] = &[
    ("keys_by_url", keys::by_url),
    ("keys_by_discovery", keys::by_discovery),
    ("faults_from_the_start", keys::faults_from_the_start),
    ("faults_and_rotation_later", keys::faults_and_rotation_later),
    ("rotation", keys::rotation),
    ("bundle", bundle::bundle),
    ("who_am_i", asks::who_am_i),
    ("introspection", asks::introspection),
    ("verify_call", asks::verify_call),
    ("a_client_that_leaves", asks::a_client_that_leaves),
    ("clock", clock::steps),
    ("revoked_tokens", limits::revoked_tokens),
    ("failed_credentials", limits::failed_credentials),
];

const EVERYWHERE: &[(&str, Check)] =
    &[("objects", objects::objects), ("objects_of_callers_who_are_asked_about", objects::after_identity)];

fn main() -> ExitCode {
    let on = |kinds: &'static [Kind], checks: &'static [(&'static str, Check)]| {
        kinds.iter().flat_map(move |kind| {
            checks.iter().map(move |(name, check)| {
                let name = format!("live::{}::{name}", kind.name());
                harness::checks(name, move |summary| check(*kind, summary))
            })
        })
    };
    let single = [
        harness::checks("live::oidc_provider", oidc::on_every_host),
        harness::checks("live::faults", faults::matrix),
        harness::checks("live::component::clock", |summary| clock::steps(Kind::Component, summary)),
        harness::checks("live::envoy::clock", |summary| clock::steps(Kind::Envoy, summary)),
        harness::checks("live::worker::answers_in_the_shared_cache", shared::answers),
        harness::checks("live::worker::what_others_write_in_the_shared_cache", shared::what_others_write),
        harness::checks("live::worker::a_shared_cache_that_fails", shared::a_cache_that_fails),
        harness::checks("live::worker::scheduled", scheduled::scheduled),
        harness::checks("live::worker::revocations_in_kv", store::revocations),
        harness::checks("live::worker::a_store_that_fails", store::a_store_that_fails),
        harness::checks("live::worker::revocations_for_a_crowd", store::a_crowd),
        harness::checks("live::worker::a_limiter_for_all", fleet::limiter),
        harness::checks("live::worker::decisions_in_analytics_engine", fleet::decisions),
    ];
    let soak = soak::requests()
        .map(|requests| harness::checks("live::soak", move |summary| soak::soak(requests, summary)));
    let tests = on(SCRIPTED, CHECKS).chain(on(ALL, EVERYWHERE)).chain(single).chain(soak);
    harness::run(tests.collect(), Order::Parallel)
}
