//! The environment variables of the VM, which hold the secrets.
//!
//! Envoy offers them through WASI. The target of this module has no WASI, so that it imports nothing unasked; the two
//! functions are declared here.

use portcullis_config::{RecordStore, Secrets};

#[link(wasm_import_module = "wasi_snapshot_preview1")]
#[allow(unsafe_code, reason = "an import can only be declared so")]
unsafe extern "C" {
    /// Writes how many variables there are and how many bytes [`environ_get`] will write; 0 on success.
    fn environ_sizes_get(count: *mut usize, bytes: *mut usize) -> i32;
    /// Writes the address of each variable to `addresses` and all of them, each `name=value\0`, to `bytes`; 0 on
    /// success.
    fn environ_get(addresses: *mut *mut u8, bytes: *mut u8) -> i32;
}

/// The variables set by `vm_config.environment_variables`.
pub(crate) struct Environment(Vec<u8>);

impl Environment {
    /// Reads the variables. A host that offers none has none.
    pub(crate) fn read() -> Self {
        Self(read().unwrap_or_default())
    }
}

impl Secrets for Environment {
    fn get(&self, name: &str) -> Option<String> {
        find(&self.0, name).map(str::to_string)
    }

    fn hint(&self, name: &str) -> String {
        format!(
            "list {name} in vm_config.environment_variables: under host_env_keys, and set it for the Envoy process, or under key_values"
        )
    }

    fn record_store(&self) -> RecordStore {
        RecordStore::Unsupported
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn knows_clients(&self) -> bool {
        true
    }
}

/// The value of `name` among `name=value\0…`.
fn find<'e>(environment: &'e [u8], name: &str) -> Option<&'e str> {
    environment
        .split(|byte| *byte == 0)
        .filter_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .find_map(|value| core::str::from_utf8(value).ok())
}

/// All variables, each `name=value\0`; `None` if the host does not tell.
#[allow(unsafe_code, reason = "calls the two imports of this file")]
fn read() -> Option<Vec<u8>> {
    let (mut count, mut bytes) = (0, 0);
    // SAFETY: both pointers are to integers of the size of a wasm32 word, which is all the host writes.
    if unsafe { environ_sizes_get(&raw mut count, &raw mut bytes) } != 0 {
        return None;
    }
    let mut addresses = vec![core::ptr::null_mut(); count];
    let mut environment = vec![0; bytes];
    // SAFETY: the two buffers have the sizes the host has just asked for, and outlive the call. The addresses written
    // to the first are not used.
    let status = unsafe { environ_get(addresses.as_mut_ptr(), environment.as_mut_ptr()) };
    (status == 0).then_some(environment)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let environment = b"JWT_SECRET_KEY_OLD=a\0JWT_SECRET_KEY=b=c\0EMPTY=\0BYTES=\xff\0";
        assert_eq!(find(environment, "JWT_SECRET_KEY"), Some("b=c"));
        assert_eq!(find(environment, "EMPTY"), Some(""));
        for absent in ["JWT_SECRET", "SECRET_KEY", "BYTES", "OTHER", ""] {
            assert_eq!(find(environment, absent), None, "{absent}");
        }
        assert_eq!(find(b"", "A"), None);
    }
}
