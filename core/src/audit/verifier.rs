//! Follows chains: one to its head, or all of them with breaks in between.

use serde::{Deserialize, Serialize};

use super::{Head, Record, StreamId};

/// Where and why a chain is broken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Broken {
    /// In which stream.
    pub stream: StreamId,
    /// At which place.
    pub seq: u64,
    /// What is wrong there.
    pub why: String,
}

/// Follows one stream from its first record; feed it every record in order, then the head.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verifier {
    walked: Head,
}

impl Verifier {
    /// Begins at the first record of a stream.
    #[must_use]
    pub fn new(stream: StreamId) -> Self {
        Self {
            walked: Head::empty(stream),
        }
    }

    /// Checks the next record.
    ///
    /// # Errors
    /// [`Broken`] if it is not the one that belongs here.
    pub fn next(&mut self, record: &Record) -> Result<(), Broken> {
        let wanted = self.walked.seq.saturating_add(1);
        let broken = |why: &str| {
            Err(Broken {
                stream: self.walked.stream.clone(),
                seq: wanted,
                why: why.to_owned(),
            })
        };
        if record.stream != self.walked.stream {
            return broken("it belongs to another stream");
        }
        if record.seq != wanted {
            return broken("the record is missing");
        }
        if record.prev_hash != self.walked.hash {
            return broken("it does not follow the record before it");
        }
        if record.hash != record.computed_hash() {
            return broken("it was altered");
        }
        self.walked.seq = record.seq;
        self.walked.hash.clone_from(&record.hash);
        Ok(())
    }

    /// Checks that the stream ends where its head says.
    ///
    /// # Errors
    /// [`Broken`] if records are missing at the end, or there are more than the head knows.
    pub fn finish(self, head: &Head) -> Result<u64, Broken> {
        let broken = |seq: u64, why: &str| {
            Err(Broken {
                stream: head.stream.clone(),
                seq,
                why: why.to_owned(),
            })
        };
        if self.walked.seq < head.seq {
            return broken(
                self.walked.seq.saturating_add(1),
                "records are cut off at the end",
            );
        }
        if self.walked.seq > head.seq {
            return broken(
                head.seq.saturating_add(1),
                "a record that the head does not know",
            );
        }
        if self.walked.hash != head.hash {
            return broken(head.seq, "the head names another record");
        }
        Ok(self.walked.seq)
    }
}

/// Verifies one whole stream against its head; answers how many records it has.
///
/// # Errors
/// The first place where the chain is broken.
pub fn verify(records: &[Record], head: &Head) -> Result<u64, Broken> {
    let mut verifier = Verifier::new(head.stream.clone());
    for record in records {
        verifier.next(record)?;
    }
    verifier.finish(head)
}

/// A verification of all streams, one after the other; it can be put down anywhere and taken up again.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Verification {
    /// How many records were followed.
    pub records: u64,
    /// How many streams were followed to their end.
    pub streams: u64,
    /// The first place where a chain is broken.
    pub first_broken: Option<Broken>,
    /// The stream that is being followed.
    current: Option<Verifier>,
    /// The last stream that was done with.
    done: Option<StreamId>,
}

impl Verification {
    /// The stream to go on with, and its next place; none if this one, of all streams in order, is to begin.
    #[must_use]
    pub fn current(&self) -> Option<(StreamId, u64)> {
        let walked = &self.current.as_ref()?.walked;
        Some((walked.stream.clone(), walked.seq.saturating_add(1)))
    }

    /// Is this stream done with?
    #[must_use]
    pub fn has_done(&self, stream: &StreamId) -> bool {
        self.done.as_ref().is_some_and(|done| stream <= done)
    }

    /// Begins a stream.
    pub fn begin(&mut self, stream: StreamId) {
        self.current = Some(Verifier::new(stream));
    }

    /// Takes the next record; answers false if the chain is broken there, and the stream done with.
    pub fn take(&mut self, record: &Record) -> bool {
        let Some(verifier) = self.current.as_mut() else {
            return false;
        };
        match verifier.next(record) {
            Ok(()) => {
                self.records = self.records.saturating_add(1);
                true
            }
            Err(broken) => {
                self.end(Some(broken));
                false
            }
        }
    }

    /// Ends the stream where its head says.
    pub fn finish(&mut self, head: &Head) {
        if let Some(verifier) = self.current.clone() {
            self.end(verifier.finish(head).err());
        }
    }

    fn end(&mut self, broken: Option<Broken>) {
        self.done = self.current.take().map(|verifier| verifier.walked.stream);
        self.streams = self.streams.saturating_add(1);
        if self.first_broken.is_none() {
            self.first_broken = broken;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::{AuditValue, Cause, Draft};
    use super::*;

    fn chain(length: u64) -> (Vec<Record>, Head) {
        let mut head = Head::empty(StreamId::Config);
        let records = (0..length)
            .map(|n| {
                head.seal(Draft {
                    at: Timestamp::from_second(1_800_000_000 + i64::try_from(n).unwrap()).unwrap(),
                    actor: "sando".into(),
                    cause: Cause::of("event", format!("evt_{n}")),
                    action: "granted".into(),
                    target: "app/figma".into(),
                    before: None,
                    after: Some(AuditValue::Open(serde_json::json!({"plan": n}))),
                    result: "ok".into(),
                    correlation_id: "run_1".into(),
                })
            })
            .collect();
        (records, head)
    }

    #[test]
    fn an_untouched_chain_verifies() {
        let (records, head) = chain(5);
        assert_eq!(verify(&records, &head), Ok(5));
    }

    #[test]
    fn every_altered_field_of_every_record_is_found() {
        let (records, head) = chain(4);
        for place in 0..records.len() {
            let as_json = serde_json::to_value(&records[place]).unwrap();
            for field in as_json.as_object().unwrap().keys() {
                let mut altered = as_json.clone();
                altered[field] = match field.as_str() {
                    "stream" => "events".into(),
                    "seq" => 99.into(),
                    "at" => "2001-01-01T00:00:00Z".into(),
                    "cause" => serde_json::json!({"kind": "api", "id": "x"}),
                    _ => "altered".into(),
                };
                let mut forged = records.clone();
                forged[place] = serde_json::from_value(altered).unwrap();
                assert!(verify(&forged, &head).is_err(), "{field} of record {place}");
            }
        }
    }

    #[test]
    fn every_missing_reordered_or_cut_off_record_is_found() {
        let (records, head) = chain(4);
        for place in 0..records.len() {
            let mut missing = records.clone();
            missing.remove(place);
            assert!(verify(&missing, &head).is_err());
            assert!(verify(&records[..place], &head).is_err());
        }
        for place in 1..records.len() {
            let mut reordered = records.clone();
            reordered.swap(place - 1, place);
            assert!(verify(&reordered, &head).is_err());
        }
    }

    #[test]
    fn a_record_forged_with_a_fresh_hash_is_found_by_the_next_one() {
        let (mut records, head) = chain(3);
        records[1].action = "forged".into();
        records[1].hash = records[1].computed_hash();
        assert_eq!(verify(&records, &head).unwrap_err().seq, 3);
    }
}
