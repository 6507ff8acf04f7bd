//! Counting checks.

/// Longest text of one failure, in characters.
const FAILURE_CHARS: usize = 1000;

/// How many checks there were, and which failed.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many passed.
    pub passed: usize,
    /// One text per failed check: what it was, what was expected, what came.
    pub failed: Vec<String>,
}

impl Summary {
    /// Counts one more check. Of a failure's text the beginning is kept: it may quote a whole response.
    pub fn count(&mut self, failure: Option<String>) {
        match failure {
            None => self.passed += 1,
            Some(failure) => self.failed.push(failure.chars().take(FAILURE_CHARS).collect()),
        }
    }

    /// Counts all checks of another summary.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
    }

    /// How many checks there were.
    pub fn total(&self) -> usize {
        self.passed + self.failed.len()
    }
}
