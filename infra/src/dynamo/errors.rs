//! The one place where the SDK's errors become [`StoreError`].

use aws_sdk_dynamodb::Error;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use sando_core::store::{Key, StoreError};

/// Says what an error of the SDK means for the caller. `items` are the keys of the request, in its order.
///
/// The text carries the error's code and nothing else: DynamoDB's messages can quote items.
pub(crate) fn store_error(error: impl Into<Error>, items: &[Key]) -> StoreError {
    let error = error.into();
    let conflict = |place: usize| {
        items
            .get(place)
            .cloned()
            .map(|key| StoreError::Conflict { key })
    };
    let known = match &error {
        Error::ConditionalCheckFailedException(_) => conflict(0),
        Error::TransactionCanceledException(cancelled) => {
            let codes: Vec<&str> = cancelled
                .cancellation_reasons()
                .iter()
                .map(|reason| reason.code().unwrap_or_default())
                .collect();
            let moved = codes.iter().position(|c| *c == "ConditionalCheckFailed");
            let busy = codes.iter().any(|code| is_busy(code));
            moved
                .and_then(conflict)
                .or_else(|| busy.then_some(StoreError::Contended))
        }
        Error::TransactionConflictException(_)
        | Error::ProvisionedThroughputExceededException(_)
        | Error::RequestLimitExceeded(_)
        | Error::ThrottlingException(_) => Some(StoreError::Contended),
        _ => None,
    };
    known.unwrap_or_else(|| StoreError::Unavailable(reason(&error)))
}

fn is_busy(code: &str) -> bool {
    matches!(
        code,
        "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
    )
}

fn reason(error: &Error) -> String {
    match error.code() {
        Some(code) => format!("it answered {code}"),
        None => "no answer".to_owned(),
    }
}
