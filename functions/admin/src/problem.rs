//! Errors as `application/problem+json` (RFC 9457). Inside and outside differ: the reader gets a code and a sentence,
//! the log gets the chain.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use sando_core::admin::AdminError;
use sando_core::handle::HandleError;
use sando_core::mistake::Mistake;
use sando_core::ports::RemoteError;
use sando_core::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One mistake in what was given, or one warning about it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MistakeView {
    /// Where.
    pub(crate) path: String,
    /// What.
    pub(crate) message: String,
}

impl From<&Mistake> for MistakeView {
    fn from(mistake: &Mistake) -> Self {
        Self {
            path: mistake.path.clone(),
            message: mistake.message.clone(),
        }
    }
}

/// Why a request was not done.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pub(crate) errors: Vec<MistakeView>,
    more: Option<Box<Map<String, Value>>>,
    /// What the log has of it; never shown.
    pub(crate) chain: Option<String>,
}

/// A problem as it is answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong, for people.
    detail: String,
    /// What is wrong, for programs.
    code: String,
    /// Every mistake in invalid input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<MistakeView>,
    /// What else helps.
    #[serde(flatten)]
    #[schema(ignore)]
    more: Option<Box<Map<String, Value>>>,
}

impl From<Problem> for ProblemView {
    fn from(problem: Problem) -> Self {
        let title = problem.status.canonical_reason().unwrap_or("Error");
        Self {
            kind: format!("urn:sando:problem:{}", problem.code),
            title: title.to_owned(),
            status: problem.status.as_u16(),
            detail: problem.detail,
            code: problem.code.to_owned(),
            errors: problem.errors,
            more: problem.more,
        }
    }
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            more: None,
            chain: None,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// Nobody can be sent back to us.
    pub(crate) fn no_host() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "host",
            "the request has no usable `Host`: the redirect URL is made of it",
        )
    }

    pub(crate) fn invalid(mistakes: &[Mistake]) -> Self {
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "what was given has mistakes",
        );
        problem.errors = mistakes.iter().map(MistakeView::from).collect();
        problem
    }

    pub(crate) fn mistake(path: &str, message: impl Into<String>) -> Self {
        Self::invalid(&[Mistake::new(path, message)])
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let more = self.more.get_or_insert_default();
        more.insert(name.to_owned(), value.into());
        self
    }

    fn internal(status: StatusCode, code: &'static str, error: &dyn std::error::Error) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain = format!("{chain}: {cause}");
            source = cause.source();
        }
        tracing::error!(error = %chain, "a request of the admin API failed");
        let mut problem = Self::new(
            status,
            code,
            "it could not be done now; nothing is lost by trying again",
        );
        problem.chain = Some(chain);
        problem
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NotFound(what) => Self::not_found(format!("there is no such {what}")),
            AdminError::Invalid(mistakes) => Self::invalid(&mistakes),
            AdminError::Stale => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "stale",
                "it has changed since it was read, or is there (or not) against expectation",
            ),
            AdminError::Refused { code, detail } => Self::new(StatusCode::CONFLICT, code, detail),
            AdminError::Forbidden { code, detail } => {
                Self::new(StatusCode::FORBIDDEN, code, detail)
            }
            AdminError::Handle(error) => error.into(),
            AdminError::Remote(error) => of_remote(&error),
        }
    }
}

impl From<HandleError> for Problem {
    fn from(error: HandleError) -> Self {
        match &error {
            HandleError::Store(StoreError::BadCursor) => {
                Self::mistake("cursor", "it is not a cursor of this list")
            }
            HandleError::Store(StoreError::Conflict { .. }) => Self::new(
                StatusCode::CONFLICT,
                "changed_meanwhile",
                "it keeps changing while it is worked on; try again",
            ),
            HandleError::Store(StoreError::Contended | StoreError::Unavailable(_))
            | HandleError::Keys(_) => {
                Self::internal(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &error)
            }
            HandleError::Store(StoreError::Unreadable { .. } | StoreError::TooLarge(_))
            | HandleError::Config(_)
            | HandleError::Id(_) => {
                Self::internal(StatusCode::INTERNAL_SERVER_ERROR, "internal", &error)
            }
        }
    }
}

/// Texts of remotes come with every known secret masked.
fn of_remote(error: &RemoteError) -> Problem {
    let status = if error.is_passing() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::BAD_GATEWAY
    };
    Problem::new(status, "remote_failed", error.to_string())
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        HandleError::Store(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(ProblemView::from(self))).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
