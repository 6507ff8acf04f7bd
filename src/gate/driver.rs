//! The loop of every host that need not wait for records.

use super::step::{BodyNeed, Need, Step};
use crate::api_key::RecordLookup;
use crate::time::UnixTime;
use crate::verdict::Verdict;

impl Step {
    /// Goes on with the records that `lookup` gives, by their keys in a store, each with the time; a host without a store
    /// gives [`RecordLookup::Unavailable`]. What remains is the verdict or, as the error, the need for a body.
    ///
    /// ```
    /// use portcullis::api_key::RecordLookup;
    /// use portcullis::{Gate, RequestHead, UnixTime, Verdict};
    ///
    /// fn decide(gate: &Gate, head: &RequestHead<'_>, now: UnixTime, body: &[u8]) -> Verdict {
    ///     let step = gate.begin(head, now).with_records(|_| (RecordLookup::Unavailable, now));
    ///     step.unwrap_or_else(|need| need.supply(body, now))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`BodyNeed`] if the decision takes the body.
    pub fn with_records(
        mut self,
        mut lookup: impl FnMut(&str) -> (RecordLookup, UnixTime),
    ) -> Result<Verdict, BodyNeed> {
        loop {
            self = match self {
                Self::Verdict(verdict) => return Ok(verdict),
                Self::Need(Need::Body(need)) => return Err(need),
                Self::Need(Need::ApiKeyRecord(need)) => {
                    let (record, now) = lookup(need.store_key());
                    need.supply(&record, now)
                }
                Self::Need(Need::Revocations(need)) => need.unavailable(),
                Self::Need(Need::Call(need)) => need.unavailable(),
                Self::Need(Need::Wait(need)) => need.unavailable(),
            };
        }
    }
}
