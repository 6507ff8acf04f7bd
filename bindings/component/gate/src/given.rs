//! What a host gives while a configuration loads, and says of itself.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis_config::Secrets;

use crate::bindings::exports::portcullis::auth::types::{CallsSent, Secret};

/// The secrets that came with a configuration, and the calls that its host sends.
pub(crate) struct Given {
    pub(crate) secrets: Vec<Secret>,
    pub(crate) calls: CallsSent,
}

impl Secrets for Given {
    fn get(&self, name: &str) -> Option<String> {
        self.secrets.iter().find(|secret| secret.name == name).map(|secret| secret.value.clone())
    }

    fn hint(&self, name: &str) -> String {
        format!("pass {name} among the secrets of `gate.load`")
    }

    fn sends_calls(&self) -> bool {
        match self.calls {
            CallsSent::None => false,
            CallsSent::Urls | CallsSent::All => true,
        }
    }

    fn reaches_origin(&self) -> bool {
        match self.calls {
            CallsSent::None | CallsSent::Urls => false,
            CallsSent::All => true,
        }
    }
}
