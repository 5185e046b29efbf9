//! One call of a remote for an effect, as people are told of it: for what, when, what came of it, how long it took.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ports::{RemoteError, Sent};

/// One call of a remote. No address, no body, no header. Kept as a list of four values: a run is written often.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Call {
    /// When the look or attempt began that it belongs to.
    pub at: Timestamp,
    /// For what: [`Call::LOOK`], [`Call::VERIFY`], or what was made, such as `create`.
    pub request: String,
    /// What came of it.
    pub came: Came,
    /// From sending it to the last byte, in milliseconds.
    pub took_ms: u32,
}

type Written = (Timestamp, String, Came, u32);

impl Call {
    /// A look before anything is made.
    pub const LOOK: &'static str = "look";
    /// A look for something that was made, or may have been.
    pub const VERIFY: &'static str = "verify";
}

impl From<Written> for Call {
    fn from((at, request, came, took_ms): Written) -> Self {
        Self {
            at,
            request,
            came,
            took_ms,
        }
    }
}

impl From<Call> for Written {
    fn from(call: Call) -> Self {
        (call.at, call.request, call.came, call.took_ms)
    }
}

/// What came of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Came {
    /// It answered with this HTTP status.
    Status(u16),
    /// What is known where there is no status.
    Told(Told),
}

/// What is known of a call without a status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// It did what it was asked for.
    Answered,
    /// It asked to wait.
    Busy,
    /// Surely nothing was sent: there was no connection, or no time.
    NotSent,
    /// Nothing came back; it may have arrived.
    NoAnswer,
    /// The answer could not be read.
    Unreadable,
    /// Our own configuration or guard forbade it: nothing was sent.
    Forbidden,
}

impl Came {
    /// The HTTP status, where there is one.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status),
            Self::Told(_) => None,
        }
    }

    /// The word for it: whatever the status, it answered.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Status(_) | Self::Told(Told::Answered) => "answered",
            Self::Told(Told::Busy) => "busy",
            Self::Told(Told::NotSent) => "not_sent",
            Self::Told(Told::NoAnswer) => "no_answer",
            Self::Told(Told::Unreadable) => "unreadable",
            Self::Told(Told::Forbidden) => "forbidden",
        }
    }
}

impl From<&RemoteError> for Came {
    fn from(error: &RemoteError) -> Self {
        let told = match error {
            RemoteError::Refused { status, .. } => return Self::Status(*status),
            RemoteError::Busy { .. } => Told::Busy,
            RemoteError::NoAnswer {
                sent: Sent::Never, ..
            } => Told::NotSent,
            RemoteError::NoAnswer {
                sent: Sent::Perhaps,
                ..
            } => Told::NoAnswer,
            RemoteError::Unreadable { .. } => Told::Unreadable,
            RemoteError::Forbidden { .. } => Told::Forbidden,
        };
        Self::Told(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(came: Came, expect: &str) {
        let call = Call {
            at: "2027-01-04T09:00:00.125Z".parse().unwrap(),
            request: "create".to_owned(),
            came,
            took_ms: 35,
        };

        let written = serde_json::to_string(&call).unwrap();

        let expect = format!(r#"["2027-01-04T09:00:00.125Z","create",{expect},35]"#);
        assert_eq!(written, expect);
        assert_eq!(serde_json::from_str::<Call>(&written).unwrap(), call);
    }

    #[test]
    fn a_call_is_kept_in_few_bytes_and_read_again() {
        check(Came::Status(201), "201");
        check(Came::Told(Told::Answered), r#""answered""#);
        check(Came::Told(Told::NoAnswer), r#""no_answer""#);
    }

    #[test]
    fn what_was_surely_not_sent_is_told_from_what_may_have_arrived() {
        let no_answer = |sent| RemoteError::NoAnswer {
            remote: "acme".to_owned(),
            why: "the connection was closed".to_owned(),
            sent,
        };

        assert_eq!(Came::from(&no_answer(Sent::Never)).word(), "not_sent");
        assert_eq!(Came::from(&no_answer(Sent::Perhaps)).word(), "no_answer");
    }
}
