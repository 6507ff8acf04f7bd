//! Permissions by number.

/// Position of a permission in the sorted list of those that routes ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionId(pub(super) usize);

impl PermissionId {
    /// The position.
    pub fn position(self) -> usize {
        self.0
    }
}
