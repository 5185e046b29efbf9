//! The tables and their indexes, as they are created on one machine and in tests. On AWS `template.yaml` makes them.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use sando_core::store::StoreError;

use super::errors::store_error;
use super::item::{DUE_AT, DUE_PK, EXPIRES, LIST_PK, LIST_SK, PK, SK, VERSION, WHO_PK, WHO_SK};

/// The index of what is due.
pub const DUE_INDEX: &str = "due";
/// The index of lists by state.
pub const LIST_INDEX: &str = "list";
/// The index of lists by person.
pub const WHO_INDEX: &str = "who";
/// The index of the local queue's messages.
pub const READY_INDEX: &str = "ready";

/// The names of the tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tables {
    /// Entities.
    pub state: String,
    /// Audit records.
    pub audit: String,
    /// The local queue; on AWS there is none.
    pub queue: String,
}

impl Tables {
    /// The names on one machine.
    #[must_use]
    pub fn local() -> Self {
        Self {
            state: "state".to_owned(),
            audit: "audit".to_owned(),
            queue: "queue".to_owned(),
        }
    }

    /// Creates what is missing. What is there stays as it is.
    ///
    /// # Errors
    /// `Unavailable` if the engine refuses.
    pub async fn create(&self, client: &Client) -> Result<(), StoreError> {
        let state = table(client, &self.state, &[PK, SK]).map_err(unbuilt)?;
        let state = with_index(state, DUE_INDEX, [DUE_PK, DUE_AT], &[VERSION]).map_err(unbuilt)?;
        let state = with_index(state, LIST_INDEX, [LIST_PK, LIST_SK], &[]).map_err(unbuilt)?;
        let state = with_index(state, WHO_INDEX, [WHO_PK, WHO_SK], &[]).map_err(unbuilt)?;
        if create(state).await? {
            forget_expired(client, &self.state).await?;
        }
        create(table(client, &self.audit, &[PK, SK]).map_err(unbuilt)?).await?;
        let queue = table(client, &self.queue, &[PK]).map_err(unbuilt)?;
        let queue = with_index(
            queue,
            READY_INDEX,
            ["ready_pk", "visible_at"],
            &["body", "received"],
        );
        create(queue.map_err(unbuilt)?).await?;
        Ok(())
    }
}

fn unbuilt(_: BuildError) -> StoreError {
    StoreError::Unavailable("a table's definition is incomplete".to_owned())
}

/// Creates the table; says whether it is new.
async fn create(call: CreateTableFluentBuilder) -> Result<bool, StoreError> {
    match call.send().await {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_in_use_exception()) =>
        {
            Ok(false)
        }
        Err(error) => Err(store_error(error, &[])),
    }
}

async fn forget_expired(client: &Client, table: &str) -> Result<(), StoreError> {
    let spec = TimeToLiveSpecification::builder()
        .attribute_name(EXPIRES)
        .enabled(true);
    let call = client.update_time_to_live().table_name(table);
    let call = call.time_to_live_specification(spec.build().map_err(unbuilt)?);
    call.send().await.map_err(|e| store_error(e, &[]))?;
    Ok(())
}

fn table(
    client: &Client,
    name: &str,
    key: &[&str],
) -> Result<CreateTableFluentBuilder, BuildError> {
    let mut call = client.create_table().table_name(name);
    call = call.billing_mode(BillingMode::PayPerRequest);
    for element in key_schema(key)? {
        call = call.key_schema(element);
    }
    attributes(call, key)
}

fn with_index(
    call: CreateTableFluentBuilder,
    name: &str,
    key: [&str; 2],
    also: &[&str],
) -> Result<CreateTableFluentBuilder, BuildError> {
    let projection = Projection::builder();
    let projection = if also.is_empty() {
        projection.projection_type(ProjectionType::KeysOnly)
    } else {
        let also = also.iter().map(|name| (*name).to_owned()).collect();
        let projection = projection.projection_type(ProjectionType::Include);
        projection.set_non_key_attributes(Some(also))
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(key_schema(&key)?))
        .projection(projection.build());
    attributes(call.global_secondary_indexes(index.build()?), &key)
}

fn attributes(
    mut call: CreateTableFluentBuilder,
    names: &[&str],
) -> Result<CreateTableFluentBuilder, BuildError> {
    for name in names {
        let attribute = AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(ScalarAttributeType::S);
        call = call.attribute_definitions(attribute.build()?);
    }
    Ok(call)
}

fn key_schema(names: &[&str]) -> Result<Vec<KeySchemaElement>, BuildError> {
    let kinds = [KeyType::Hash, KeyType::Range];
    let elements = names.iter().zip(kinds).map(|(name, kind)| {
        let element = KeySchemaElement::builder().attribute_name(*name);
        element.key_type(kind).build()
    });
    elements.collect()
}
