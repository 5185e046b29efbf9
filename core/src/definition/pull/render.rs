//! Makes a request of its description: URL, headers, body.

use serde_json::{Map, Value, json};
use url::Url;

use super::listing::Position;
use crate::{
    auth::take_out,
    definition::file::{
        Definition,
        hosts::Allowed,
        pagination::{Pagination, Send, Style},
        request::{Body, FormField, Method, Request},
    },
    path::of_scalar,
    template::{Encoding, Template},
};

/// What a request is filled in from.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) lookup: &'a dyn Fn(&str) -> Option<Value>,
    /// `None` while a step has not yet told where it is.
    pub(crate) base: Option<&'a Url>,
    pub(crate) allowed: &'a Allowed,
}

/// A request, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    /// The URL belongs to the origin that credentials are for.
    pub(crate) with_credentials: bool,
    pub(crate) is_graphql: bool,
    /// The query parameters in which credentials go out with it.
    pub(crate) secret: Vec<String>,
}

impl Context<'_> {
    /// The request for the page at `position`.
    pub(crate) fn render(
        &self,
        request: &Request,
        position: &Position,
    ) -> Result<Rendered, String> {
        let paging = &request.pagination;
        let moving = moving(paging, position);
        let is_continued = !matches!(position, Position::First);
        let (request, moving) = match &paging.next {
            Some(next) if is_continued => (next.as_ref(), moving.in_continuation()),
            _ => (request, moving),
        };
        let lookup = |name: &str| match &moving.value {
            Some(value) if moving.names.contains(&name) => Some(value.clone()),
            _ => (self.lookup)(name),
        };
        let mut url = match position {
            Position::Url(url) => Url::parse(url).map_err(|error| error.to_string())?,
            _ => self.url(request, &moving, &lookup)?,
        };
        let with_credentials = self.credentials_go_to(&url, request)?;
        let mut secret = self.definition.auth().query_names();
        secret.retain(|_| with_credentials);
        // What an answer told as a URL may have them too.
        take_out(&mut url, &secret);
        let mut headers = self.headers(request, &lookup)?;
        if let (Some(Send::Header(name)), Some(text)) = (moving.place, moving.text()) {
            set(&mut headers, name, text);
        }
        let body = body(request, &moving, &lookup, &mut headers)?;
        let is_graphql = matches!(&body, Some(Filled::Json(Value::Object(map))) if map.get("query").is_some_and(Value::is_string));
        Ok(Rendered {
            method: request.method,
            url,
            headers,
            body: body.map(Filled::into_bytes),
            with_credentials,
            is_graphql,
            secret: secret.into_iter().map(str::to_owned).collect(),
        })
    }

    /// Whether credentials go to a URL, which must be one that the definition allows: to the origin of the base URL only.
    fn credentials_go_to(&self, url: &Url, request: &Request) -> Result<bool, String> {
        let origin = match self.base {
            Some(base) => Some(base.origin()),
            // Before it is known they go where the request itself says, letter by letter: whoever wrote the file meant that host.
            // No answer has a say in it.
            None => written(request.path.as_str()).map(|written| written.origin()),
        };
        let belongs = origin.is_some_and(|origin| origin == url.origin());
        let base_scheme = self.base.map_or("https", Url::scheme);
        if belongs || self.allowed.names(url, base_scheme) {
            return Ok(belongs);
        }
        Err(format!(
            "leads to {}, which is neither the origin of the base URL nor one of the `hosts`",
            url.origin().ascii_serialization()
        ))
    }

    fn url(
        &self,
        request: &Request,
        moving: &Moving<'_>,
        lookup: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<Url, String> {
        let text = self.path(&request.path, lookup)?;
        let lower = text.get(..8).unwrap_or(&text).to_ascii_lowercase();
        let mut url = if lower.starts_with("https://") || lower.starts_with("http://") {
            text
        } else {
            let base = self
                .base
                .ok_or("the base URL is not known yet: give the path as a full URL")?;
            let before = base.as_str().trim_end_matches('/');
            let separator = if text.is_empty() || text.starts_with(['/', '?']) {
                ""
            } else {
                "/"
            };
            format!("{before}{separator}{text}")
        };
        let mut pairs: Vec<(&str, String)> = Vec::new();
        for (name, template) in &request.query {
            if let Some(items) = items(name, template, lookup) {
                pairs.extend(items.into_iter().map(|text| (name.as_str(), text)));
                continue;
            }
            let text = template
                .render(lookup, Encoding::None)
                .map_err(|error| error.to_string())?;
            pairs.push((name, text));
        }
        let mut more = |name, text: String| {
            pairs.retain(|(known, _)| *known != name);
            pairs.push((name, text));
        };
        if let Some((name, size)) = moving.limit
            && !matches!(moving.place, Some(Send::Body(_)))
        {
            more(name, size.to_string());
        }
        if let (Some(Send::Query(name)), Some(text)) = (moving.place, moving.text()) {
            more(name, text);
        }
        for (index, (name, text)) in pairs.iter().enumerate() {
            let separator = match index {
                0 if !url.contains('?') => '?',
                _ if url.ends_with(['?', '&']) => {
                    url.push_str(&format!("{}={}", encoded(name), encoded(text)));
                    continue;
                }
                _ => '&',
            };
            url.push_str(&format!("{separator}{}={}", encoded(name), encoded(text)));
        }
        let url = Url::parse(&url).map_err(|error| format!("the path makes no URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL carries a user name: give credentials with `auth`".to_owned());
        }
        Ok(url)
    }

    /// The path; where it begins with a placeholder, its value may be a URL.
    fn path(
        &self,
        template: &Template,
        lookup: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<String, String> {
        let wrong = |error: crate::template::RenderError| error.to_string();
        let first = template
            .names()
            .next()
            .filter(|name| template.as_str().starts_with(&format!("{{{name}}}")));
        let url = first.and_then(lookup).and_then(|value| {
            let text = of_scalar(&value)?.into_owned();
            (text.starts_with("https://") || text.starts_with("http://")).then_some(text)
        });
        let (Some(first), Some(url)) = (first, url) else {
            return template.render(lookup, Encoding::UrlPath).map_err(wrong);
        };
        // The placeholder is filled in with a mark that no encoding changes, and the mark is exchanged.
        const MARK: &str = "url-mark-0";
        let marked = |name: &str| {
            if name == first {
                Some(Value::from(MARK))
            } else {
                lookup(name)
            }
        };
        let text = template.render(marked, Encoding::UrlPath).map_err(wrong)?;
        let rest = text.strip_prefix(MARK).unwrap_or_default();
        let url = if rest.starts_with('/') {
            url.trim_end_matches('/')
        } else {
            url.as_str()
        };
        Ok(format!("{url}{rest}"))
    }

    fn headers(
        &self,
        request: &Request,
        lookup: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<Vec<(String, String)>, String> {
        let mut headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        for (name, template) in self.definition.headers.iter().chain(&request.headers) {
            let text = template
                .render(lookup, Encoding::None)
                .map_err(|error| error.to_string())?;
            if text.chars().any(char::is_control) {
                return Err(format!("the value of the header `{name}` is not one line"));
            }
            set(&mut headers, name, text);
        }
        Ok(headers)
    }
}

/// The place that a path begins with, if it is a full URL whose host has no placeholder.
fn written(path: &str) -> Option<Url> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| path.starts_with(*scheme))?;
    let host = path.strip_prefix(scheme)?.split(['/', '?', '#']).next()?;
    if host.contains('{') {
        return None;
    }
    Url::parse(&format!("{scheme}{host}")).ok()
}

/// The value that moves from page to page, and where it goes.
#[derive(Clone)]
pub(super) struct Moving<'a> {
    pub(super) value: Option<Value>,
    pub(super) place: Option<&'a Send>,
    pub(super) limit: Option<(&'a str, u64)>,
    /// The names under which a placeholder may ask for it.
    names: Vec<&'a str>,
}

impl<'a> Moving<'a> {
    /// In the request that continues a list it is a placeholder and nothing else.
    fn in_continuation(self) -> Self {
        let mut names = vec!["cursor", "offset", "page"];
        if let Some(Send::Query(name) | Send::Path(name)) = self.place {
            names.push(name);
        }
        Moving {
            place: None,
            limit: None,
            names,
            value: self.value,
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        let text = of_scalar(self.value.as_ref()?)?;
        Some(text.into_owned())
    }
}

pub(super) fn moving<'a>(paging: &'a Pagination, position: &'a Position) -> Moving<'a> {
    let limit = paging
        .limit
        .as_ref()
        .map(|(name, size)| (name.as_str(), *size));
    let value = match (position, &paging.style) {
        (Position::First, Style::Offset { start, .. } | Style::Page { start }) => {
            Some(json!(start))
        }
        (Position::First, Style::Cursor { start, .. }) => start.clone().map(Value::String),
        (Position::Number(number), _) => Some(json!(number)),
        (Position::Cursor(value), _) => Some(value.clone()),
        (Position::First | Position::Url(_), _) => None,
    };
    let names = match &paging.send {
        Send::Path(name) => vec![name.as_str()],
        Send::Query(_) | Send::Body(_) | Send::Header(_) => Vec::new(),
    };
    Moving {
        place: value.as_ref().map(|_| &paging.send),
        value,
        limit,
        names,
    }
}

fn encoded(text: &str) -> impl std::fmt::Display + '_ {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, KEPT)
}

fn set(headers: &mut Vec<(String, String)>, name: &str, text: String) {
    headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    headers.push((name.to_owned(), text));
}

enum Filled {
    Json(Value),
    Form(Vec<(String, String)>),
}

impl Filled {
    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Form(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, text)| format!("{}={}", encoded(name), encoded(text)));
                fields.collect::<Vec<_>>().join("&").into_bytes()
            }
        }
    }
}

fn body(
    request: &Request,
    moving: &Moving<'_>,
    lookup: &dyn Fn(&str) -> Option<Value>,
    headers: &mut Vec<(String, String)>,
) -> Result<Option<Filled>, String> {
    let wrong = |error: crate::template::RenderError| error.to_string();
    let mut filled = match &request.body {
        None => None,
        Some(Body::Json(template)) => Some(Filled::Json(template.render(lookup).map_err(wrong)?)),
        Some(Body::Form(fields)) => {
            let mut form = Vec::with_capacity(fields.len());
            for (name, field) in fields {
                let text = match field {
                    FormField::Text(template) => {
                        template.render(lookup, Encoding::None).map_err(wrong)?
                    }
                    FormField::Json(template) => {
                        template.render(lookup).map_err(wrong)?.to_string()
                    }
                };
                form.push((name.clone(), text));
            }
            Some(Filled::Form(form))
        }
    };
    if let Some(Send::Body(place)) = moving.place
        && let Some(value) = &moving.value
    {
        let filled = filled.get_or_insert_with(|| Filled::Json(json!({})));
        put(filled, place, value.clone());
        if let (Some((name, size)), Some((_, around))) = (moving.limit, place.split_last()) {
            let mut place = around.to_vec();
            place.push(name.to_owned());
            put(filled, &place, json!(size));
        }
    }
    let content_type = match &filled {
        None => return Ok(None),
        Some(Filled::Json(_)) => "application/json",
        Some(Filled::Form(_)) => "application/x-www-form-urlencoded",
    };
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    Ok(filled)
}

/// The values of a parameter that is called `name[]` and filled by a list: it is sent once for each.
fn items(
    name: &str,
    template: &Template,
    lookup: &dyn Fn(&str) -> Option<Value>,
) -> Option<Vec<String>> {
    let known = name
        .ends_with("[]")
        .then(|| template.names().next())
        .flatten()?;
    if template.as_str() != format!("{{{known}}}") {
        return None;
    }
    let found = lookup(known)?;
    let items = found.as_array()?.iter();
    items
        .map(|item| of_scalar(item).map(|text| text.into_owned()))
        .collect()
}

/// Puts a value into a body, making the objects around it.
fn put(filled: &mut Filled, place: &[String], value: Value) {
    match filled {
        Filled::Form(fields) => {
            let name = place.join(".");
            let text = of_scalar(&value).unwrap_or_default().into_owned();
            fields.retain(|(known, _)| *known != name);
            fields.push((name, text));
        }
        Filled::Json(root) => put_at(root, place, value),
    }
}

/// The same in JSON.
pub(super) fn put_at(root: &mut Value, place: &[String], value: Value) {
    let mut at = root;
    for key in place {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Some(map) = at.as_object_mut() else {
            return;
        };
        at = map.entry(key.as_str()).or_insert(Value::Null);
    }
    *at = value;
}
