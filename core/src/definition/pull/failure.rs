//! Why a pull failed, in the classes of requirement B18.

use serde::{Deserialize, Serialize};

use super::Purpose;

/// Why a pull failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{purpose}: {message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub class: Class,
    /// Which request failed.
    pub purpose: Purpose,
    /// The status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What is wrong, in our words.
    pub message: String,
    /// What the application says is wrong, bounded; not masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The account is to be disabled until somebody has looked (B18).
    pub disable: bool,
}

/// The classes of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The credentials are not accepted.
    Credentials,
    /// The credentials are accepted, but not for this.
    Permission,
    /// What is asked for is not there.
    Missing,
    /// Too many requests.
    Quota,
    /// The answer is not what the definition says, or the request not what the application wants.
    Shape,
    /// The application does not answer, or says that it cannot.
    RemoteDown,
}

impl Class {
    /// The class of a status that is an error.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 407 => Self::Credentials,
            402 | 403 => Self::Permission,
            404 | 410 => Self::Missing,
            429 => Self::Quota,
            408 | 425 | 500.. => Self::RemoteDown,
            _ => Self::Shape,
        }
    }

    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Permission => "permission",
            Self::Missing => "missing",
            Self::Quota => "quota",
            Self::Shape => "shape",
            Self::RemoteDown => "remote down",
        }
    }
}

impl Failure {
    pub(crate) fn shape(purpose: Purpose, message: impl Into<String>) -> Self {
        Self {
            class: Class::Shape,
            purpose,
            status: None,
            message: message.into(),
            remote: None,
            disable: false,
        }
    }
}
