//! The one place where what a remote answered to an effect becomes an [`Outcome`].

use sando_core::effect::Outcome;
use sando_core::ids::ExternalId;
use sando_core::ports::RemoteError;

use crate::http::Answer;

/// Done just now.
pub(crate) fn done(external_id: Option<ExternalId>) -> Outcome {
    Outcome::Done {
        external_id,
        was_so: false,
    }
}

/// There already, gone already.
pub(crate) fn was_so(external_id: Option<ExternalId>) -> Outcome {
    Outcome::Done {
        external_id,
        was_so: true,
    }
}

/// Nothing was sent, or it was surely not accepted, and trying again will not help.
pub(crate) fn refused(why: impl Into<String>) -> Outcome {
    Outcome::Refused { why: why.into() }
}

/// What a status says about an effect. A 408 may come from a proxy that passed the request on: nobody knows.
pub(crate) fn of_answer(answer: &Answer) -> Outcome {
    let why = || format!("{}: {}", answer.status(), answer.message());
    match answer.status() {
        200..=299 => done(None),
        401 | 425 | 429 => Outcome::NotDone {
            why: why(),
            retry_after_secs: answer.retry_after().map(whole_secs),
        },
        100..=199 | 303 | 408 | 500.. => Outcome::Unknown { why: why() },
        _ => refused(why()),
    }
}

/// What an error says about the effect itself.
pub(crate) fn of_error(error: &RemoteError) -> Outcome {
    Outcome::from(error.clone())
}

/// What an error of a look says, on the way to an effect that was therefore not sent.
pub(crate) fn of_look(error: &RemoteError) -> Outcome {
    match error {
        RemoteError::Busy { .. } | RemoteError::Forbidden { .. } => of_error(error),
        RemoteError::Refused { .. } if !error.is_passing() => of_error(error),
        RemoteError::NoAnswer { .. }
        | RemoteError::Unreadable { .. }
        | RemoteError::Refused { .. } => Outcome::NotDone {
            why: error.to_string(),
            retry_after_secs: None,
        },
    }
}

fn whole_secs(wait: std::time::Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
}
