//! A decision that changes.

use serde::Serialize;

use crate::answer::Answer;
use crate::caller::CallerKind;

/// Both answers to one question: the old one and the new one.
pub(crate) type Answers = (Answer, Answer);

/// What a change is, apart from its place.
pub(crate) type Key = (CallerKind, Vec<String>, Option<Vec<String>>, Option<String>, bool);

/// A decision that is another in the new policy.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The route, as it is written.
    pub route: String,
    /// Whose requests are decided otherwise.
    #[serde(flatten)]
    pub caller: CallerKind,
    /// For callers that have one of these roles as well. A `deny` of one role overrides what another grants, and so a
    /// role can change what others are worth.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together_with: Vec<String>,
    /// For callers whose proof declares exactly these scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// For callers with other values than this binding asks for, and for requests to other hosts than these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<String>,
    /// The old answer.
    pub old: Answer,
    /// The new answer.
    pub new: Answer,
}

impl Change {
    /// A change for every request of `caller` for `route`.
    pub(crate) fn new(route: &str, caller: &CallerKind, (old, new): Answers) -> Self {
        let (route, caller) = (route.to_owned(), caller.clone());
        Self { route, caller, together_with: Vec::new(), scopes: None, outside: None, old, new }
    }

    /// Whether it was denied before.
    pub fn allows(&self) -> bool {
        self.new.is_allowed()
    }

    pub(crate) fn key(&self) -> Key {
        (
            self.caller.clone(),
            self.together_with.clone(),
            self.scopes.clone(),
            self.outside.clone(),
            self.allows(),
        )
    }

    /// The callers, for a person.
    pub fn label(&self) -> String {
        let mut label = self.caller.label().to_owned();
        if !self.together_with.is_empty() {
            label = format!("{label} with {}", self.together_with.join(" or "));
        }
        if let Some(binding) = &self.outside {
            label = format!("{label}, outside {binding}");
        }
        match self.scopes.as_deref() {
            None => label,
            Some([]) => format!("{label}, no scope"),
            Some(scopes) => format!("{label}, scope {}", scopes.join(" ")),
        }
    }
}
