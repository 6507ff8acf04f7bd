//! How the cells of the matrix are shown.

use portcullis_analysis::matrix::CellKind;

/// All kinds of cells, in the order of a legend.
pub(super) const ALL: [CellKind; 4] =
    [CellKind::Allowed, CellKind::Bound, CellKind::NotGranted, CellKind::Denied];

pub(super) fn sign(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Allowed => "✓",
        CellKind::Bound => "◐",
        CellKind::NotGranted => "·",
        CellKind::Denied => "✗",
    }
}

/// For a legend.
pub(super) fn meaning(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Allowed => "allowed",
        CellKind::Bound => "allowed where the binding holds",
        CellKind::NotGranted => "not granted",
        CellKind::Denied => "denied or refused",
    }
}
