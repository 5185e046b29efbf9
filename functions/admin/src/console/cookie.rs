//! The cookies of the console: the session, and what was just done.

use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

/// The cookie of a session.
const SESSION: &str = "sando_session";
/// The cookie that tells the next page what was just done.
const SAID: &str = "sando_said";
/// The cookie of a sign-in that is on its way at the company's provider.
const SIGNING_IN: &str = "sando_signing_in";
/// The cookie of a browser in which single keys do nothing.
const SHORTCUTS: &str = "sando_shortcuts";
/// Where the cookie of such a sign-in is sent, and nowhere else.
const SIGN_IN: &str = "/console/sign-in";
/// How long such a sign-in may take.
const MINUTES_15: u32 = 15 * 60;
/// How long a choice is kept.
const YEAR: u32 = 365 * 24 * 60 * 60;
/// How long a session's cookie is kept; the session itself ends by the store.
const HOURS_12: u32 = 12 * 60 * 60;

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// The token of the session, if there is a cookie that looks like one.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    let fits = |token: &&str| token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit());
    value(headers, SESSION).filter(fits)
}

/// The word for what was just done.
pub(super) fn said(headers: &HeaderMap) -> Option<&str> {
    value(headers, SAID)
}

/// Do single keys do something in this browser?
pub(super) fn shortcuts(headers: &HeaderMap) -> bool {
    value(headers, SHORTCUTS) != Some("off")
}

/// Keeps whether single keys do something.
pub(super) fn keep_shortcuts(are_on: bool) -> HeaderValue {
    if are_on {
        cookie(SHORTCUTS, "", 0, false)
    } else {
        cookie(SHORTCUTS, "off", YEAR, false)
    }
}

/// Did the browser come by https, as far as who stands before us tells?
pub(super) fn is_secure(parts: &Parts) -> bool {
    let told = parts.headers.get("x-forwarded-proto");
    told.is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
        || parts.uri.scheme_str() == Some("https")
}

fn cookie(name: &str, value: &str, seconds: u32, secure: bool) -> HeaderValue {
    cookie_at("/", name, value, seconds, secure)
}

fn cookie_at(path: &str, name: &str, value: &str, seconds: u32, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Keeps a session; Lax, so that links in mails arrive signed in.
pub(super) fn keep_session(token: &str, secure: bool) -> HeaderValue {
    cookie(SESSION, token, HOURS_12, secure)
}

/// Forgets the session.
pub(super) fn forget_session(secure: bool) -> HeaderValue {
    cookie(SESSION, "", 0, secure)
}

/// What the browser left with to sign in at the provider, sealed.
pub(super) fn signing_in(headers: &HeaderMap) -> Option<&str> {
    value(headers, SIGNING_IN).filter(|sealed| !sealed.is_empty() && sealed.len() <= 4096)
}

/// Keeps what the browser has to bring back; Lax, since the provider sends it back to us.
pub(super) fn keep_signing_in(sealed: &str, secure: bool) -> HeaderValue {
    cookie_at(SIGN_IN, SIGNING_IN, sealed, MINUTES_15, secure)
}

/// It was brought back.
pub(super) fn forget_signing_in(secure: bool) -> HeaderValue {
    cookie_at(SIGN_IN, SIGNING_IN, "", 0, secure)
}

/// Tells the next page what was just done.
pub(super) fn keep_said(word: &str) -> HeaderValue {
    cookie(SAID, word, 60, false)
}

/// It was told.
pub(super) fn forget_said() -> HeaderValue {
    cookie(SAID, "", 0, false)
}
