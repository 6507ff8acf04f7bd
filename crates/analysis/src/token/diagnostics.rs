//! What there is to say about a token.

/// Sentences about a token.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    /// Reasons to refuse it.
    pub(crate) refusals: Vec<String>,
    /// Everything else that its reader should know.
    pub(crate) notes: Vec<String>,
}

impl Diagnostics {
    pub(crate) fn refuse(&mut self, sentence: impl Into<String>) {
        self.refusals.push(sentence.into());
    }

    pub(crate) fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }
}
