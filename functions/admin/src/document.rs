//! The description of the API: what is generated from the handlers, with what all of them share.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
    SecurityRequirement,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{MistakeView, ProblemView};
use crate::public;
use crate::rewrite::shown;

/// The description before any route is in it.
pub(crate) fn empty() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Sando admin API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Errors are problem+json. Lists take `limit` (at most 200) and `cursor`. Objects carry an `ETag`; `If-Match` is \
             checked. `POST` takes `Idempotency-Key`. Times are RFC 3339, UTC.",
        ));
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", bearer)
        .schema(ProblemView::name(), ProblemView::schema())
        .schema(MistakeView::name(), MistakeView::schema())
        .build();
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components))
        .security(Some([SecurityRequirement::new(
            "bearer",
            Vec::<String>::new(),
        )]))
        .build()
}

/// True paths, the problem that every route can answer, and the routes that need no token.
pub(crate) fn finish(mut described: OpenApi) -> OpenApi {
    let mut paths = Paths::new();
    for (path, mut item) in std::mem::take(&mut described.paths.paths) {
        for operation in operations(&mut item) {
            let response = ResponseBuilder::new()
                .description("Why it was not done.")
                .content(
                    "application/problem+json",
                    ContentBuilder::new()
                        .schema(Some(Ref::from_schema_name("Problem")))
                        .build(),
                );
            operation
                .responses
                .responses
                .insert("default".to_owned(), response.build().into());
        }
        paths.paths.insert(shown(&path), item);
    }
    paths.paths.extend(public::paths());
    described.paths = paths;
    described
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}
