//! The one place where what goes wrong with HTTP becomes a [`RemoteError`].

use std::error::Error;
use std::time::Duration;

use sando_core::ports::{RemoteError, Sent};

use super::resolver::Refusal;

/// An answer that cannot be used.
#[must_use]
pub fn unreadable(remote: &str, why: impl Into<String>) -> RemoteError {
    RemoteError::Unreadable {
        remote: remote.to_owned(),
        why: why.into(),
    }
}

/// Our own guard or configuration says no.
pub(super) fn forbidden(remote: &str, why: impl Into<String>) -> RemoteError {
    RemoteError::Forbidden {
        remote: remote.to_owned(),
        why: why.into(),
    }
}

/// Nothing within the limit; perhaps it arrived.
pub(super) fn timed_out(remote: &str, limit: Duration) -> RemoteError {
    RemoteError::NoAnswer {
        remote: remote.to_owned(),
        why: format!("nothing within {} s", limit.as_secs_f32().ceil()),
        sent: Sent::Perhaps,
    }
}

/// No time was left to send it.
pub(super) fn too_late(remote: &str) -> RemoteError {
    RemoteError::NoAnswer {
        remote: remote.to_owned(),
        why: "no time was left".to_owned(),
        sent: Sent::Never,
    }
}

/// A body that is not packed as it says, or was cut off.
pub(super) fn unpackable(remote: &str) -> RemoteError {
    RemoteError::NoAnswer {
        remote: remote.to_owned(),
        why: "the body could not be decompressed".to_owned(),
        sent: Sent::Perhaps,
    }
}

/// What the HTTP client says. Its own text is not passed on: it names the URL, which may carry secrets and addresses.
pub(super) fn classify(remote: &str, error: &reqwest::Error) -> RemoteError {
    if let Some(refusal) = refusal(error) {
        return forbidden(remote, refusal.0);
    }
    if error.is_builder() {
        return forbidden(remote, "the request cannot be built");
    }
    let (why, sent) = if error.is_connect() {
        (connect_failure(error), Sent::Never)
    } else if error.is_timeout() {
        ("it took too long", Sent::Perhaps)
    } else if error.is_decode() {
        ("the body could not be decompressed", Sent::Perhaps)
    } else if error.is_body() {
        ("the answer was cut off", Sent::Perhaps)
    } else {
        ("the connection was closed", Sent::Perhaps)
    };
    RemoteError::NoAnswer {
        remote: remote.to_owned(),
        why: why.to_owned(),
        sent,
    }
}

fn refusal(error: &reqwest::Error) -> Option<&Refusal> {
    causes(error).find_map(|cause| cause.downcast_ref::<Refusal>())
}

fn connect_failure(error: &reqwest::Error) -> &'static str {
    let io = causes(error).find_map(|cause| cause.downcast_ref::<std::io::Error>());
    if error.is_timeout() {
        "no connection within the limit"
    } else if error.is_dns() {
        "its name cannot be resolved"
    } else if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) {
        "the connection was refused"
    } else {
        "no connection could be made"
    }
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| (**cause).source())
}
