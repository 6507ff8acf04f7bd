//! The families of attacks, and the ordinary requests, which have to pass.

mod authority;
mod bodies;
mod clients;
mod cookies;
mod credentials;
mod forms;
mod headers;
mod hops;
mod http2;
mod methods;
mod paths;
mod queries;
mod smuggling;
mod upgrades;

use fastrand::Rng;

use crate::source::{Allowed, Source, Speaks};
use crate::systems::System;
use crate::variant::Variant;

/// A family of attacks, or the ordinary requests.
#[derive(Clone, Copy)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&mut Source<'_>) -> Variant,
    /// Whether only a host that speaks HTTP/2 is shown it.
    pub(crate) http2: bool,
}

/// Every class, in the order of the table.
pub(crate) const ALL: [Class; 14] = [
    Class { name: "paths", make: paths::make, http2: false },
    Class { name: "methods", make: methods::make, http2: false },
    Class { name: "hosts", make: authority::make, http2: false },
    Class { name: "headers", make: headers::make, http2: false },
    Class { name: "hop by hop", make: hops::make, http2: false },
    Class { name: "upgrades", make: upgrades::make, http2: false },
    Class { name: "credentials", make: credentials::make, http2: false },
    Class { name: "smuggling", make: smuggling::make, http2: false },
    Class { name: "bodies", make: bodies::make, http2: false },
    Class { name: "forms", make: forms::make, http2: false },
    Class { name: "queries", make: queries::make, http2: false },
    Class { name: "cookies", make: cookies::make, http2: false },
    Class { name: "ordinary clients", make: clients::make, http2: false },
    Class { name: "HTTP/2", make: http2::make, http2: true },
];

/// `count` variants, the classes in turn. Which, `seed` alone decides.
pub(crate) fn variants(
    system: &System,
    allowed: &Allowed,
    speaks: Speaks,
    seed: &str,
    count: usize,
) -> Vec<Variant> {
    let classes: Vec<_> = ALL.iter().filter(|class| speaks.http2 || !class.http2).collect();
    let make = |marker: usize| {
        let class = classes[marker % classes.len()];
        let of_class = marker / classes.len();
        let number = hash(&[seed, system.name, class.name, &of_class.to_string()]);
        let mut source = Source { rng: Rng::with_seed(number), system, allowed, speaks, marker };
        Variant { class: class.name, ..(class.make)(&mut source) }
    };
    (0..count).map(make).collect()
}

/// FNV-1a, which is the same everywhere and always.
fn hash(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
