//! Single keys, switched off and on for one browser: whoever speaks to it, or presses keys by accident, needs that.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, header};

use super::back::came_from;
use super::cookie;
use super::form::Form;
use super::frame::home;
use super::visitor::SignedIn;

/// Keeps the choice, and goes back to the page on which it was made.
pub(super) async fn switch(
    SignedIn(visitor): SignedIn,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let back = came_from(&headers);
    let back = back.as_deref().unwrap_or_else(|| home(&visitor));
    let mut response = Redirect::to(back).into_response();
    let kept = cookie::keep_shortcuts(form.get("single_keys") != "off");
    response.headers_mut().append(header::SET_COOKIE, kept);
    response
}
