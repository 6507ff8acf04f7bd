//! What every measurement does: fail, ask at once, and wait for the end of it.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_test_support::identity_provider::Fault;

use crate::scene::Scene;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// What takes seconds, with few requests.
    Sample,
    /// Everything, with many.
    Full,
}

impl Extent {
    /// Requests at once.
    pub(super) fn crowd(self) -> usize {
        if self == Self::Full { 1000 } else { 100 }
    }
}

/// For how long a fault that is over may have consequences.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// One in so many of a crowd has a bad credential.
pub(super) const BAD: usize = 10;

pub(super) const NONE: &str = "none";
const SLOW: Fault = Fault::Slow(Duration::from_millis(300));

/// The ways in which any server fails.
pub(super) const FAULTS: [(&str, Fault); 7] = [
    ("down", Fault::Down),
    ("slow", SLOW),
    ("hanging", Fault::Hanging),
    ("HTML", Fault::Html),
    ("10 MB", Fault::TooLong),
    ("redirect", Fault::Redirect),
    ("bad JSON", Fault::BadJson),
];

/// Asks with a crowd, the bad ones spread over it: how many of the good are let in, how many they are, and how many of the bad
/// are.
pub(super) fn flood(scene: &Scene, crowd: usize, good: &str, bad: &[String]) -> (usize, usize, usize) {
    let mut credentials = vec![good.to_owned(); crowd];
    let places: BTreeSet<usize> = (0..bad.len()).map(|number| number * BAD + BAD / 2).collect();
    for (place, bad) in places.iter().zip(bad) {
        credentials[*place].clone_from(bad);
    }
    let statuses = scene.flood(&credentials);
    let of = |is_bad: bool| {
        let those = statuses.iter().enumerate().filter(|(place, _)| places.contains(place) == is_bad);
        those.map(|(_, status)| *status).collect::<Vec<_>>()
    };
    (allowed(&of(false)), crowd - bad.len(), allowed(&of(true)))
}

/// The status of a single request, when the host has room again: wasmtime itself answers 500 while it has none.
pub(super) fn calm(scene: &Scene, credential: &str) -> u16 {
    let started = Instant::now();
    loop {
        let status = scene.flood(&[credential.to_owned()])[0];
        if status != 500 || started.elapsed() > PATIENCE {
            return status;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

pub(super) fn allowed(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status == 200).count()
}

/// How long it takes until a credential is let in.
pub(super) fn until_allowed(scene: &Scene, credential: &str) -> Option<Duration> {
    let over = Instant::now();
    while over.elapsed() < PATIENCE {
        if scene.flood(&[credential.to_owned()])[0] == 200 {
            return Some(over.elapsed());
        }
        thread::sleep(Duration::from_millis(100));
    }
    None
}
