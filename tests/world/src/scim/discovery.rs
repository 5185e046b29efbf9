//! `ServiceProviderConfig`, `ResourceTypes` and `Schemas` (RFC 7643, sections 5 to 7).

use serde_json::{Value, json};

use super::options::ScimOptions;
use super::path::{ENTERPRISE, GROUP, USER};

/// What the application supports.
pub(super) fn provider_config(options: &ScimOptions) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": options.patch },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": options.filter, "maxResults": options.max_page },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": options.etags },
        "pagination": { "cursor": options.cursors, "index": !options.cursors },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "OAuth Bearer Token",
            "description": "A bearer token", "primary": true,
        }],
    })
}

/// Users, with the enterprise extension, and groups.
pub(super) fn resource_types() -> Vec<Value> {
    let kind = |name: &str, endpoint: &str, schema: &str, extensions: Value| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name, "name": name, "endpoint": endpoint, "schema": schema,
            "schemaExtensions": extensions,
        })
    };
    let enterprise = json!([{ "schema": ENTERPRISE, "required": false }]);
    vec![
        kind("User", "/Users", USER, enterprise),
        kind("Group", "/Groups", GROUP, json!([])),
    ]
}

/// The schemas with the attributes this application looks at.
pub(super) fn schemas() -> Vec<Value> {
    let schema = |id: &str, name: &str, attributes: Vec<Value>| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": id, "name": name, "attributes": attributes,
        })
    };
    let user = vec![
        attribute("userName", "string", "server", "single"),
        attribute("displayName", "string", "none", "single"),
        attribute("name", "complex", "none", "single"),
        attribute("active", "boolean", "none", "single"),
        attribute("emails", "complex", "none", "multi"),
        attribute("groups", "complex", "none", "multi"),
    ];
    let group = vec![
        attribute("displayName", "string", "none", "single"),
        attribute("members", "complex", "none", "multi"),
    ];
    let enterprise = [
        "employeeNumber",
        "costCenter",
        "organization",
        "division",
        "department",
    ]
    .map(|name| attribute(name, "string", "none", "single"))
    .to_vec();
    vec![
        schema(USER, "User", user),
        schema(GROUP, "Group", group),
        schema(ENTERPRISE, "EnterpriseUser", enterprise),
    ]
}

fn attribute(name: &str, kind: &str, uniqueness: &str, values: &str) -> Value {
    let mutability = if name == "groups" {
        "readOnly"
    } else {
        "readWrite"
    };
    json!({
        "name": name, "type": kind, "multiValued": values == "multi", "required": name == "userName",
        "caseExact": false, "mutability": mutability, "returned": "default",
        "uniqueness": uniqueness,
    })
}
