//! Portcullis as a pure component: the world `gate` of the WIT package `portcullis:auth`.
//!
//! The interface in `wit/auth.wit` mirrors the core's types one to one; `convert` is that mirror. A defect ends in a
//! trap, which a host must treat as a refusal: a trapped instance cannot answer again.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod convert;
#[cfg(target_family = "wasm")]
mod runtime;

/// What `wit_bindgen` generates for the world.
mod bindings {
    #![allow(
        missing_docs,
        missing_debug_implementations,
        clippy::all,
        clippy::alloc_instead_of_core,
        clippy::allow_attributes_without_reason,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::std_instead_of_core,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used,
        reason = "generated; wit/auth.wit is where it is documented"
    )]
    wit_bindgen::generate!({ path: "../../../wit", world: "gate", generate_all });
}

use alloc::string::String;
use alloc::vec::Vec;

use portcullis::{Gate, Secrets, UnixTime};

use crate::bindings::exports::portcullis::auth::authorization::{self, Guest, GuestGate};
use crate::bindings::exports::portcullis::auth::types as wit;

/// The component.
#[derive(Debug)]
struct Component;

/// What the resource `gate` stands for.
#[derive(Debug)]
struct Compiled(Gate);

/// The secrets that came with the configuration.
struct Given(Vec<wit::Secret>);

impl Guest for Component {
    type Gate = Compiled;

    fn config_invalid(request_id: String, now: wit::UnixTime) -> wit::Answer {
        Gate::config_invalid(&request_id, UnixTime::from_secs(now)).into()
    }

    fn internal_error(request_id: String, now: wit::UnixTime) -> wit::Answer {
        Gate::internal_error(&request_id, UnixTime::from_secs(now)).into()
    }
}

impl GuestGate for Compiled {
    fn load(
        document: Vec<u8>,
        secrets: Vec<wit::Secret>,
    ) -> Result<authorization::Gate, Vec<wit::ConfigError>> {
        match Gate::load(&document, &Given(secrets)) {
            Ok(gate) => Ok(authorization::Gate::new(Self(gate))),
            Err(errors) => Err(errors.iter().map(wit::ConfigError::from).collect()),
        }
    }

    fn authorize(&self, head: wit::RequestHead, now: wit::UnixTime) -> wit::Step {
        let pairs = convert::pairs(&head);
        convert::step(self.0.begin(&convert::head(&head, &pairs), UnixTime::from_secs(now)), &head)
    }

    fn resume(&self, head: wit::RequestHead, now: wit::UnixTime, supplies: Vec<wit::Supply>) -> wit::Step {
        let pairs = convert::pairs(&head);
        let supplies: Vec<_> = supplies.iter().map(convert::supply).collect();
        let step = self.0.resume(&convert::head(&head, &pairs), UnixTime::from_secs(now), &supplies);
        convert::step(step, &head)
    }

    fn origin_unreachable(&self, head: wit::RequestHead, now: wit::UnixTime) -> wit::Answer {
        let pairs = convert::pairs(&head);
        self.0.origin_unreachable(&convert::head(&head, &pairs), UnixTime::from_secs(now)).into()
    }
}

impl Secrets for Given {
    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|secret| secret.name == name).map(|secret| secret.value.clone())
    }

    fn remedy(&self, name: &str) -> String {
        alloc::format!("pass {name} among the secrets of `gate.load`")
    }
}

bindings::export!(Component with_types_in bindings);
