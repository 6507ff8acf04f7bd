//! Reading objects whose members are all known.

use portcullis::json::{self, Value, push_token};

use super::error::ExpectationsError;

/// The members of an object, all of them known.
pub(crate) struct Members<'v> {
    place: &'v str,
    members: &'v json::Members<'v>,
}

impl<'v> Members<'v> {
    pub(crate) fn of(
        value: &'v Value<'v>,
        place: &'v str,
        known: &[&str],
    ) -> Result<Self, ExpectationsError> {
        let members = value.as_object().ok_or_else(|| ExpectationsError::new(place, "expected an object"))?;
        let read = Self { place, members };
        match members.keys().find(|name| !known.contains(name)) {
            Some(name) => {
                let known = known.join(", ");
                Err(read.error(name, format!("unknown member; members here are {known}")))
            }
            None => Ok(read),
        }
    }

    /// An error in the member `name`.
    pub(crate) fn error(&self, name: &str, message: impl Into<String>) -> ExpectationsError {
        let mut pointer = self.place.to_owned();
        push_token(&mut pointer, name);
        ExpectationsError::new(pointer, message)
    }

    /// An error in the object as a whole.
    pub(crate) fn error_here(&self, message: impl Into<String>) -> ExpectationsError {
        ExpectationsError::new(self.place, message)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'v Value<'v>> {
        self.members.get(name)
    }

    /// The member `name`, if it is there and a string.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'v str>, ExpectationsError> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| self.error(name, "expected a string")))
            .transpose()
    }

    /// The same of one that must be there.
    pub(crate) fn required_text(&self, name: &str) -> Result<&'v str, ExpectationsError> {
        self.text(name)?.ok_or_else(|| self.error_here(format!("member \"{name}\" is missing")))
    }
}
