//! Why there is no page: nobody is signed in, the role is missing, or the operation said no. Drawn by [`super::frame`],
//! which knows who asks.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sando_core::admin::AdminError;
use sando_core::admin::api_key::Scope;
use sando_core::handle::HandleError;
use sando_core::store::StoreError;

use crate::problem::Problem;

/// Why there is no page.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// Nobody is signed in.
    SignIn,
    /// A scope is missing.
    Needs(Scope),
    /// The form is not one of ours: another origin, or without its token.
    Foreign(&'static str),
    /// The operation said no.
    Problem(Box<Problem>),
}

impl Refusal {
    /// There is nothing of this name.
    pub(super) fn nothing() -> Self {
        Self::from(Problem::not_found("there is nothing at this address"))
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Needs(_) | Self::Foreign(_) => StatusCode::FORBIDDEN,
            Self::Problem(problem) => problem.status,
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        Problem::from(error).into()
    }
}

impl From<HandleError> for Refusal {
    fn from(error: HandleError) -> Self {
        Problem::from(error).into()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for Refusal {
    /// Without its page, which [`super::frame`] draws.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
