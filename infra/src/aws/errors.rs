//! The one place where the errors of SQS, Secrets Manager, KMS and SNS become [`RemoteError`].

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sando_core::ports::{RemoteError, Sent};

/// Says what an error of the SDK means for the caller.
///
/// The text carries the error's code and nothing else: messages can quote what was sent.
pub(super) fn remote_error<E: ProvideErrorMetadata>(
    remote: &str,
    error: &SdkError<E, HttpResponse>,
) -> RemoteError {
    let remote = remote.to_owned();
    let code = error.code().unwrap_or("an error without a code");
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match (error, status) {
        (SdkError::ServiceError(_), Some(_)) if is_throttled(code) => RemoteError::Busy {
            remote,
            retry_after: None,
        },
        (SdkError::ServiceError(_), Some(status)) => RemoteError::Refused {
            remote,
            status,
            message: code.to_owned(),
        },
        (SdkError::ResponseError(_), _) => RemoteError::Unreadable {
            remote,
            why: "it is no answer of this service".to_owned(),
        },
        (SdkError::ConstructionFailure(_), _) => no_answer(remote, "no request", Sent::Never),
        (SdkError::TimeoutError(_), _) => no_answer(remote, "timed out", Sent::Perhaps),
        _ => no_answer(remote, "no connection", Sent::Perhaps),
    }
}

fn no_answer(remote: String, why: &str, sent: Sent) -> RemoteError {
    RemoteError::NoAnswer {
        remote,
        why: why.to_owned(),
        sent,
    }
}

fn is_throttled(code: &str) -> bool {
    code.contains("Throttl") || matches!(code, "TooManyRequestsException" | "RequestLimitExceeded")
}
