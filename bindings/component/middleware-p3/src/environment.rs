//! The environment of the component.

use portcullis_component_common::Variables;

use crate::bindings::wasi::cli::environment;

/// All variables.
pub(crate) fn variables() -> Variables {
    Variables::new(environment::get_environment())
}
