//! Fields of forms.

use alloc::borrow::Cow;

/// A field of a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field<'b> {
    /// Its name, decoded.
    pub(crate) name: Cow<'b, str>,
    /// Its value, decoded.
    pub(crate) value: Cow<'b, [u8]>,
    /// Whether every server takes it for a text, and none for a file.
    pub(crate) is_text: bool,
}

impl Field<'_> {
    /// Whether it changes how others are read: `_charset_` names the encoding of a form
    /// ([RFC 7578 section 4.6](https://www.rfc-editor.org/rfc/rfc7578#section-4.6)).
    pub(super) fn names_another_charset(&self) -> bool {
        self.name.eq_ignore_ascii_case("_charset_") && !self.value.eq_ignore_ascii_case(b"utf-8")
    }
}
