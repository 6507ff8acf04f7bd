//! What several tests share and is expensive to make: made for the first of them that runs, and stopped after the last.

use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow};

type Make<T> = Box<dyn Fn() -> Result<T> + Send + Sync>;

/// Something that is made when it is asked for, once. The tests that hold it keep it running; it is dropped with the last
/// of them, so that no host outlives the tests.
pub struct Fixture<T>(Arc<Shared<T>>);

struct Shared<T> {
    made: OnceLock<Result<T, String>>,
    make: Make<T>,
}

impl<T> Clone for Fixture<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Fixture<T> {
    /// Nothing yet.
    pub fn new(make: impl Fn() -> Result<T> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { made: OnceLock::new(), make: Box::new(make) }))
    }

    /// The thing, which is made now if nobody has asked for it before.
    ///
    /// # Errors
    ///
    /// If it could not be made, each time.
    pub fn get(&self) -> Result<&T> {
        let made = self.0.made.get_or_init(|| (self.0.make)().map_err(|error| format!("{error:#}")));
        made.as_ref().map_err(|error| anyhow!("{error}"))
    }
}
