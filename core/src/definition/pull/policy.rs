//! What an answer means: the rules of the definition first, then what is usual.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Purpose,
    answer::{Answer, Body, Fault, FaultKind, loosely},
    failure::{Class, Failure},
    listing::Position,
    wait::{self, Wait},
};
use crate::{
    condition::Missing,
    definition::file::rules::{Action, Rule},
    path::of_scalar,
};

/// What to do with an answer.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Read it.
    Ok,
    /// Send the request again after a wait; if that was tried often enough, this is the failure.
    Retry {
        named: Option<Wait>,
        failure: Box<Failure>,
    },
    /// There is nothing in it, which no rule explains: as with [`Self::Retry`], where something is needed.
    Nothing {
        named: Option<Wait>,
        failure: Box<Failure>,
    },
    /// Get a new token and send it again; once.
    Renew { failure: Box<Failure> },
    /// As if it were empty.
    Ignore,
    /// The list ends here.
    EndOfList,
    /// Give up.
    Fail(Box<Failure>),
}

/// Whether any rule reads the body, which must then be parsed before it is judged.
pub(crate) fn needs_body(rules: &[Rule]) -> bool {
    rules
        .iter()
        .any(|rule| !rule.when.is_empty() || rule.message.is_some())
}

/// What an answer means to a request for what stands at this position.
pub(crate) fn judge(
    answer: &Answer,
    rules: &[Rule],
    purpose: &Purpose,
    position: &Position,
    now: Timestamp,
) -> Verdict {
    let body = match &answer.body {
        Body::Json(value) => value,
        Body::Bytes(_) => &Value::Null,
    };
    let judge = Judge {
        answer,
        body,
        purpose,
        position,
        now,
    };
    match rules.iter().find(|rule| judge.fits(rule)) {
        Some(rule) => judge.by_rule(rule),
        None => judge.usual(),
    }
}

struct Judge<'a> {
    answer: &'a Answer,
    body: &'a Value,
    purpose: &'a Purpose,
    position: &'a Position,
    now: Timestamp,
}

impl Judge<'_> {
    fn fits(&self, rule: &Rule) -> bool {
        let status = rule.status.is_empty() || rule.status.contains(&self.answer.status);
        let header = |(name, text): &(String, String)| {
            self.answer.all(name).any(|value| value.trim() == text)
        };
        status
            && rule.headers.iter().all(header)
            && (rule.when.is_empty()
                || rule
                    .when
                    .truth(self.body, Missing::AsDocumented, self.now)
                    .is_true())
    }

    fn by_rule(&self, rule: &Rule) -> Verdict {
        let remote = rule.message.as_ref().and_then(|path| {
            let found = path.find(self.body)?;
            let text =
                of_scalar(&found).map_or_else(|| found.to_string(), std::borrow::Cow::into_owned);
            Some(loosely(&text))
        });
        let named = rule
            .wait
            .as_ref()
            .and_then(|(header, unit)| wait::from_rule(self.answer, header, *unit, self.now))
            .or_else(|| {
                wait::from_headers(self.answer, rule.action == Action::RateLimited, self.now)
            })
            .map(Wait::named);
        let failure = |class: Class, message: String, disable: bool| {
            let mut failure = self.failure(class, message, disable);
            failure.remote = remote.clone().or(failure.remote);
            Box::new(failure)
        };
        let status = self.answer.status;
        let told = || format!("answered {status}, which a rule of the definition calls an error");
        let class = match status {
            200..=399 => Class::Shape,
            other => Class::of_status(other),
        };
        match rule.action {
            Action::Ok => Verdict::Ok,
            Action::Ignore => Verdict::Ignore,
            Action::EndOfList => Verdict::EndOfList,
            Action::Retry => Verdict::Retry {
                named,
                failure: failure(Class::RemoteDown, told(), false),
            },
            Action::RateLimited => {
                let message = format!("answered {status}: too many requests");
                Verdict::Retry {
                    named,
                    failure: failure(Class::Quota, message, false),
                }
            }
            Action::RefreshToken => Verdict::Renew {
                failure: failure(Class::Credentials, told(), true),
            },
            Action::Disable => Verdict::Fail(failure(class, told(), true)),
            Action::Fail => Verdict::Fail(failure(class, told(), self.disables())),
        }
    }

    fn usual(&self) -> Verdict {
        let status = self.answer.status;
        let limited = status == 429 || (matches!(status, 400 | 403) && self.headers_say_limited());
        let failure = |class: Class, message: String| {
            let disable = !limited && self.disables();
            Box::new(self.failure(class, message, disable))
        };
        let answered = || format!("answered {status}");
        match status {
            202 => Verdict::Fail(failure(
                Class::Shape,
                "answered 202, which is no result yet: a rule `{status: [202], do: retry}` asks again".to_owned(),
            )),
            206 => Verdict::Fail(failure(Class::Shape, "answered 206, a part of the list only".to_owned())),
            200..=299 if status != 204 && self.answer.is_empty() => Verdict::Nothing {
                named: wait::from_headers(self.answer, false, self.now).map(Wait::named),
                failure: failure(Class::RemoteDown, format!("answered {status} with nothing in it")),
            },
            200..=299 => Verdict::Ok,
            300..=399 => {
                let target = self.answer.header("location").unwrap_or("nowhere");
                let message = format!("answered {status}, a redirect to {}", loosely(target));
                Verdict::Fail(failure(Class::Shape, message))
            }
            _ if limited => Verdict::Retry {
                named: wait::from_headers(self.answer, true, self.now).map(Wait::named),
                failure: failure(Class::Quota, format!("answered {status}: too many requests")),
            },
            401 => Verdict::Renew { failure: failure(Class::Credentials, answered()) },
            408 | 425 | 500..=599 => Verdict::Retry {
                named: wait::from_headers(self.answer, false, self.now).map(Wait::named),
                failure: failure(Class::RemoteDown, answered()),
            },
            _ => Verdict::Fail(failure(Class::of_status(status), answered())),
        }
    }

    /// Whether the status disables the account. Not where a list goes on and what leads on may only have expired.
    fn disables(&self) -> bool {
        match self.answer.status {
            401..=403 => true,
            400 | 404 => *self.position == Position::First,
            _ => false,
        }
    }

    /// Whether the headers of a 400 or 403 call it a rate limit.
    fn headers_say_limited(&self) -> bool {
        const REMAINING: [&str; 4] = [
            "x-ratelimit-remaining",
            "ratelimit-remaining",
            "x-rate-limit-remaining",
            "x-ratelimit-requests-remaining",
        ];
        let none_left = |name: &&str| {
            self.answer
                .header(name)
                .is_some_and(|left| left.trim() == "0")
        };
        self.answer.header("retry-after").is_some() || REMAINING.iter().any(none_left)
    }

    fn failure(&self, class: Class, message: String, disable: bool) -> Failure {
        Failure {
            status: Some(self.answer.status),
            remote: self.answer.words(),
            disable,
            ..Failure::new(class, self.purpose.clone(), message)
        }
    }
}

/// What it means that there was no answer.
pub(crate) fn judge_fault(fault: &Fault, purpose: &Purpose) -> Verdict {
    let (class, again) = match fault.kind {
        FaultKind::Connection | FaultKind::Timeout => (Class::RemoteDown, true),
        FaultKind::TooLarge | FaultKind::Redirect | FaultKind::Refused => (Class::Shape, false),
        FaultKind::Credentials => (Class::Credentials, false),
    };
    let failure = Box::new(Failure {
        disable: class == Class::Credentials,
        ..Failure::new(class, purpose.clone(), loosely(&fault.message))
    });
    if again {
        Verdict::Retry {
            named: None,
            failure,
        }
    } else {
        Verdict::Fail(failure)
    }
}
