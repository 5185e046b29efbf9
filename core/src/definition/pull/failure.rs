//! Why a pull failed, in the classes of requirement B18.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Purpose, answer::one_line};
use crate::definition::file::{Definition, request::Request};

/// How much is shown of our own words, in which a remote's may stand, and of the application's.
const LONGEST_MESSAGE: usize = 1_000;
const LONGEST_WORDS: usize = 300;

/// The purpose of token requests.
const AUTHENTICATION: &str = "authentication";

/// Why a pull failed: "acme, the list of users (GET /users): answered 500".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub class: Class,
    /// Which request failed.
    pub purpose: Purpose,
    /// Of which application, and how it is written in the definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Box<At>>,
    /// The status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What is wrong, in our words.
    pub message: String,
    /// What the application says is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The account is to be disabled until somebody has looked (B18).
    pub disable: bool,
}

/// Where a pull failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The application.
    pub app: String,
    /// Method and path as the definition has them, with placeholders in the place of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{}, ", at.app)?;
        }
        write!(f, "{}: {}", self.request(), self.message)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// Which request it was, for people: "the list of users (GET /users)".
    #[must_use]
    pub fn request(&self) -> String {
        let request = self.at.as_ref().and_then(|at| at.request.as_deref());
        match request {
            Some(request) => format!("{} ({request})", self.purpose),
            None => self.purpose.to_string(),
        }
    }

    /// A failure without an answer, for which nothing is disabled.
    #[must_use]
    pub fn new(class: Class, purpose: Purpose, message: impl Into<String>) -> Self {
        Self {
            class,
            purpose,
            at: None,
            status: None,
            message: message.into(),
            remote: None,
            disable: false,
        }
    }

    /// Takes secrets out of its texts, and only then cuts them to what is shown.
    pub fn mask(&mut self, mask: &dyn Fn(&str) -> String) {
        self.message = one_line(&mask(&self.message), LONGEST_MESSAGE);
        let remote = self.remote.as_deref();
        self.remote = remote.map(|words| one_line(&mask(words), LONGEST_WORDS));
    }

    pub(crate) fn shape(purpose: Purpose, message: impl Into<String>) -> Self {
        Self::new(Class::Shape, purpose, message)
    }
}

impl Definition {
    /// A failure that says which application and which request of this definition it is about.
    #[must_use]
    pub fn placed(&self, mut failure: Failure) -> Failure {
        if failure.at.is_none() {
            failure.at = Some(Box::new(At {
                app: self.app().to_string(),
                request: self.written(&failure.purpose),
            }));
        }
        failure
    }

    /// The method and the path of a request as they are written.
    fn written(&self, purpose: &Purpose) -> Option<String> {
        let users = &self.users;
        let request: Option<&Request> = match purpose {
            Purpose::Step { name } => {
                let step = self.steps.iter().find(|step| step.name == *name);
                if step.is_none() && name == AUTHENTICATION {
                    return self.auth().token_request();
                }
                step.map(|step| &step.request)
            }
            Purpose::Join { name } => {
                let join = users.joins.iter().find(|join| join.alias == *name);
                join.map(|join| &join.request)
            }
            Purpose::Parents => users.for_each.as_ref(),
            Purpose::Users { .. } => Some(&users.list),
            Purpose::Details => users.details.as_ref().map(|details| &details.request),
        };
        let request = request?;
        let path = request.path.to_string();
        // A query may carry a key.
        let path = path.split('?').next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        Some(format!("{} {path}", request.method.as_str()))
    }
}
