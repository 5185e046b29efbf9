//! What is reached without a token, as the description tells it. Lever's webhooks are served by a function of their own.

use utoipa::PartialSchema;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{
    ContentBuilder, HttpMethod, ObjectBuilder, Required, Response, ResponseBuilder,
    SecurityRequirement,
};

use crate::logins::{CALLBACK, TEST_CALLBACK};

/// Every route that asks for no token.
pub(crate) fn paths() -> [(String, PathItem); 6] {
    let route = |path: &str, method, operation: Operation| {
        (path.to_owned(), PathItem::new(method, operation))
    };
    let named = ParameterBuilder::new()
        .name("registration")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(
            "As the settings name it; without one it is `default`.",
        ))
        .schema(Some(String::schema()));
    let one_of_several = webhook("lever_webhook_of_registration").parameter(named.build());
    [
        route("/healthz", HttpMethod::Get, health()),
        route("/openapi.json", HttpMethod::Get, description()),
        route(
            CALLBACK,
            HttpMethod::Get,
            callback(
                "login_callback",
                "Where a provider sends the browser back to after a login.",
            ),
        ),
        route(
            TEST_CALLBACK,
            HttpMethod::Get,
            callback(
                "test_login_callback",
                "Where a provider sends the browser back to after a login for a test.",
            ),
        ),
        route(
            "/webhooks/lever",
            HttpMethod::Post,
            webhook("lever_webhook").build(),
        ),
        route(
            "/webhooks/lever/{registration}",
            HttpMethod::Post,
            one_of_several.build(),
        ),
    ]
}

/// An operation without a token: everything else of the description asks for one.
fn open(id: &str, summary: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag("public")
        .operation_id(Some(id))
        .summary(Some(summary))
        .securities(Some(Vec::<SecurityRequirement>::new()))
}

fn health() -> Operation {
    open(
        "health",
        "Does the API answer? Says nothing about anything behind it.",
    )
    .response("200", answer("It does.", "application/json"))
    .build()
}

fn description() -> Operation {
    open("openapi", "This description.")
        .response("200", answer("OpenAPI 3.1.", "application/json"))
        .build()
}

/// Made as the handlers in `logins` answer: a page for whoever sits at the browser.
fn callback(id: &str, summary: &str) -> Operation {
    let sent = |name: &str, what: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(what))
            .schema(Some(String::schema()))
            .build()
    };
    open(id, summary)
        .description(Some(
            "The `state`, which only that login has and which counts once, is what allows it.",
        ))
        .parameter(sent("state", "Of the login."))
        .parameter(sent("code", "What the provider gives a token for."))
        .parameter(sent("error", "Why the provider gave no code."))
        .response("200", answer("The login counts.", "text/html"))
        .response("default", answer("Why it does not.", "text/html"))
        .build()
}

fn webhook(id: &str) -> OperationBuilder {
    let body = RequestBodyBuilder::new()
        .description(Some(
            "As Lever sends it, at most 64 KiB: `event`, `triggeredAt`, `token`, `signature`, `data`.",
        ))
        .content(
            "application/json",
            ContentBuilder::new().schema(Some(ObjectBuilder::new())).build(),
        )
        .required(Some(Required::True));
    let taken =
        ResponseBuilder::new().description("Taken, or about something that leads to nothing.");
    let refused = [
        ("400", "It is no webhook of Lever."),
        (
            "401",
            "It is not signed with a token of the registration, or not fresh.",
        ),
        ("413", "It is larger than 64 KiB."),
        ("503", "It could not be queued: Lever sends it again."),
    ];
    let operation = open(id, "Lever tells where something has happened.")
        .description(Some(
            "The signature covers token and time, so what the body says is never believed: Lever is read.",
        ))
        .request_body(Some(body.build()))
        .response("200", taken.build());
    refused
        .into_iter()
        .fold(operation, |operation, (status, why)| {
            operation.response(status, answer(why, "application/problem+json"))
        })
}

/// An answer in words, or one with fields.
fn answer(what: &str, kind: &str) -> Response {
    let content = ContentBuilder::new();
    let content = match kind {
        "text/html" => content.schema(Some(String::schema())),
        _ => content.schema(Some(ObjectBuilder::new())),
    };
    ResponseBuilder::new()
        .description(what)
        .content(kind, content.build())
        .build()
}
