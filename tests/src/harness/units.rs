//! What DynamoDB would charge for: every call asks for its capacity units, and what the engine reckons is added up.

use std::fmt::Debug;
use std::ops::Sub;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use serde_json::{Map, Value, json};

/// Capacity units, tables and indexes together.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Units {
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
    /// Calls.
    pub calls: f64,
    /// Items that were put, changed or deleted; a transaction writes several.
    pub items: f64,
}

impl Sub for Units {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            reads: self.reads - before.reads,
            writes: self.writes - before.writes,
            calls: self.calls - before.calls,
            items: self.items - before.items,
        }
    }
}

/// Counts the units of every call of a client.
#[derive(Clone, Default, Debug)]
pub struct UnitMeter(Arc<Mutex<Units>>);

impl UnitMeter {
    /// The same client, counted.
    #[must_use]
    pub fn on(&self, client: &Client) -> Client {
        Client::from_conf(
            client
                .config()
                .to_builder()
                .interceptor(self.clone())
                .build(),
        )
    }

    /// Everything so far.
    #[must_use]
    pub fn units(&self) -> Units {
        *self.0.lock().expect("nobody panics while counting")
    }

    fn count_items(&self, operation: &str, asked: &Map<String, Value>) {
        let of_transaction = asked.get("TransactItems").and_then(Value::as_array);
        let items = match of_transaction {
            Some(items) => items
                .iter()
                .filter(|item| item.get("ConditionCheck").is_none())
                .count(),
            None => ["PutItem", "UpdateItem", "DeleteItem"]
                .iter()
                .filter(|write| operation.ends_with(*write))
                .count(),
        };
        let items = u32::try_from(items).expect("a transaction is small");
        let mut units = self.0.lock().expect("nobody panics while counting");
        units.items += f64::from(items);
    }

    fn count(&self, operation: &str, answer: &Value) {
        let is_read = ["GetItem", "Query"]
            .iter()
            .any(|read| operation.ends_with(read));
        let mut units = self.0.lock().expect("nobody panics while counting");
        units.calls += 1.0;
        let consumed = &answer["ConsumedCapacity"];
        let tables = match consumed {
            Value::Array(tables) => tables.as_slice(),
            one => std::slice::from_ref(one),
        };
        for table in tables {
            let of = |name: &str| table[name].as_f64();
            let all = of("CapacityUnits").unwrap_or(0.0);
            match (of("ReadCapacityUnits"), of("WriteCapacityUnits")) {
                (None, None) if is_read => units.reads += all,
                (None, None) => units.writes += all,
                (reads, writes) => {
                    units.reads += reads.unwrap_or(0.0);
                    units.writes += writes.unwrap_or(0.0);
                }
            }
        }
        // A write whose condition did not hold is charged, too; its answer does not say how much.
        if consumed.is_null() && !is_read {
            units.writes += 2.0;
        }
    }
}

/// Which operation is under way.
#[derive(Debug)]
struct Operation(String);

impl Storable for Operation {
    type Storer = StoreReplace<Self>;
}

impl Intercept for UnitMeter {
    fn name(&self) -> &'static str {
        "UnitMeter"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let called = request.headers().get("x-amz-target").unwrap_or_default();
        let called = called.to_owned();
        let body = request.body().bytes().unwrap_or_default();
        let mut asked: Map<String, Value> = serde_json::from_slice(body)?;
        self.count_items(&called, &asked);
        config.interceptor_state().store_put(Operation(called));
        asked.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
        let text = Value::Object(asked).to_string();
        let length = text.len().to_string();
        request.headers_mut().insert("content-length", length);
        *request.body_mut() = SdkBody::from(text);
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        let operation = config.load::<Operation>().map_or("", |called| &called.0);
        self.count(operation, &serde_json::from_slice(body)?);
        Ok(())
    }
}
