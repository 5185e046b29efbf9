//! The embedded engine as the SDK's HTTP client, in this process and without a socket.
//!
//! The SDK's request is JSON with the operation's name in `x-amz-target`; the engine's request types read that JSON. Only
//! the operations that the adapters use are here.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

const TARGET: &str = "x-amz-target";
const PREFIX: &str = "DynamoDB_20120810.";

/// The engine, as the SDK calls it.
#[derive(Clone)]
pub(super) struct Engine(pub(super) Database);

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

impl HttpClient for Engine {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let database = self.0.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get(TARGET).unwrap_or_default();
            let operation = target.strip_prefix(PREFIX).unwrap_or_default().to_owned();
            let body = request.body().bytes().unwrap_or_default().to_vec();
            let work = move || answer(&database, &operation, &body);
            let (status, body) = tokio::task::spawn_blocking(work)
                .await
                .map_err(|e| ConnectorError::other(e.into(), None))?;
            let status =
                StatusCode::try_from(status).map_err(|e| ConnectorError::other(e.into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::from(body)))
        })
    }
}

fn answer(database: &Database, operation: &str, body: &[u8]) -> (u16, String) {
    match run(database, operation, body) {
        Ok(body) => (200, body),
        Err(error) => (error.status_code(), error.to_json()),
    }
}

/// Runs one operation; the text is the answer's JSON.
pub(super) fn run(
    database: &Database,
    operation: &str,
    body: &[u8],
) -> Result<String, DynoxideError> {
    match operation {
        "GetItem" => print(&database.get_item(read(body)?)?),
        "PutItem" => print(&database.put_item(read(body)?)?),
        "UpdateItem" => print(&database.update_item(read(body)?)?),
        "DeleteItem" => print(&database.delete_item(read(body)?)?),
        "Query" => print(&database.query(read(body)?)?),
        "BatchGetItem" => print(&database.batch_get_item(read(body)?)?),
        "TransactWriteItems" => {
            let mut request: TransactWriteItemsRequest = read(body)?;
            // No answer is lost on the way here: what failed did not happen. A token would only make every commit walk
            // through those of the last ten minutes.
            request.client_request_token = None;
            print(&database.transact_write_items(request)?)
        }
        "CreateTable" => print(&database.create_table(read(body)?)?),
        "UpdateTimeToLive" => print(&database.update_time_to_live(read(body)?)?),
        _ => Err(DynoxideError::ValidationException(
            "this operation is not used on one machine".to_owned(),
        )),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    // Not serde's own words: they can quote the item.
    serde_json::from_slice(body)
        .map_err(|_| DynoxideError::SerializationException("the request cannot be read".to_owned()))
}

fn print<T: Serialize>(answer: &T) -> Result<String, DynoxideError> {
    serde_json::to_string(answer)
        .map_err(|_| DynoxideError::InternalServerError("the answer cannot be written".to_owned()))
}
