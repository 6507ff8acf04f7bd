//! Random requests to random policies.

mod world;

use portcullis::{Decision, HeaderPair, Need, RequestHead, Step, UnixTime};
use portcullis_reference::model::Answer;
use portcullis_reference::random_cases;
use world::{NOW, World};

/// Requests that one policy is asked about.
const REQUESTS: usize = 200;

/// What the core answers, in the terms of the model.
fn core(world: &World, request: &portcullis_reference::request::Request) -> Answer {
    let pairs: Vec<_> =
        request.headers.iter().map(|(name, value)| HeaderPair::new(name.as_str(), value.as_str())).collect();
    let head = RequestHead::new(request.method.as_str(), request.target.as_str(), &pairs);
    let now = UnixTime::from_secs(NOW);
    let verdict = match world.gate.begin(&head, now) {
        Step::Verdict(verdict) => verdict,
        Step::Need(Need::Body(need)) => need.supply(request.body.as_bytes(), now),
        Step::Need(need) => panic!("nothing else is needed: {need:?}"),
    };
    match verdict.decision {
        Decision::Allow(forward) => {
            Answer::Allowed(forward.target.split('?').next().unwrap_or_default().to_owned())
        }
        Decision::Deny(response) => Answer::Refused(response.status),
        other => panic!("no preflight is sent: {other:?}"),
    }
}

#[test]
fn random_requests() {
    let seed = std::env::var("REFERENCE_SEED").map_or(0x0070_6f72_7463, |text| text.parse().unwrap());
    println!("REFERENCE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut allowed, mut statuses) = (0, std::collections::BTreeMap::new());
    for _ in 0..random_cases().div_ceil(REQUESTS) {
        let world = World::random(&mut random);
        for _ in 0..REQUESTS {
            let request = world.request(&mut random);
            let (theirs, ours) = (core(&world, &request), world.model.decide(&request));
            assert_eq!(theirs, ours, "the core, then the model: {request:?}\n{}", world.document);
            match ours {
                Answer::Allowed(_) => allowed += 1,
                Answer::Refused(status) => *statuses.entry(status).or_insert(0) += 1,
            }
        }
    }
    println!("{allowed} allowed, refused by status: {statuses:?}");
    // A world in which everything is refused would prove little.
    assert!(allowed > random_cases() / 20, "{allowed}");
    assert!([400, 401, 403, 413].iter().all(|status| statuses.contains_key(status)), "{statuses:?}");
}
