//! A request as the file describes it: the same keys everywhere.

use serde_json::Value;

use super::{
    fields::{Fields, Mistakes},
    names::Names,
    pagination::{self, Pagination, Send},
};
use crate::{
    mistake::{self, Mistake},
    path::{Path, is_name, of_scalar},
    template::{BodyTemplate, Template},
};

/// The keys of every request.
pub(crate) const KEYS: [&str; 10] = [
    "method",
    "path",
    "query",
    "headers",
    "body",
    "form",
    "response_path",
    "pagination",
    "keep",
    "absent_is_empty",
];

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Reads with a body.
    Post,
}

impl Method {
    /// As HTTP writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request with placeholders, and what its answer means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Template,
    pub(crate) query: Vec<(String, Template)>,
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) body: Option<Body>,
    pub(crate) response_path: Path,
    pub(crate) pagination: Pagination,
    pub(crate) keep: Vec<(String, Path)>,
    pub(crate) absent_is_empty: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Json(BodyTemplate),
    Form(Vec<(String, FormField)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FormField {
    Text(Template),
    Json(BodyTemplate),
}

impl Request {
    /// Reads the request keys of an object; `names` are those that may stand between braces.
    pub(crate) fn read(fields: Fields<'_>, names: &Names, out: &mut Mistakes) -> Option<Self> {
        let pagination = match fields.get("pagination") {
            Some(value) => pagination::read(value, &fields.place("pagination"), names, out),
            None => Some(Pagination::none()),
        };
        let path_name = pagination
            .as_ref()
            .and_then(|pagination| match &pagination.send {
                Send::Path(name) => Some(name.clone()),
                Send::Query(_) | Send::Body(_) | Send::Header(_) => None,
            });
        let with_page = names.with(path_name.clone());
        let path = fields
            .required_text("path", out)
            .and_then(|text| with_page.template(text, &fields.place("path"), out));
        if let (Some(name), Some(path)) = (&path_name, &path)
            && !path.names().any(|placeholder| placeholder == name)
        {
            let place = mistake::join(&fields.place("pagination"), "send.path");
            out.push(Mistake::new(place, format!("`path` has no `{{{name}}}`")));
        }
        let (method, body) = method_and_body(fields, names, out);
        if let (Some(pagination), Some(Send::Body(_))) = (
            &pagination,
            pagination.as_ref().map(|pagination| &pagination.send),
        ) && method == Method::Get
            && pagination.next.is_none()
        {
            let place = mistake::join(&fields.place("pagination"), "send.body");
            out.push(Mistake::new(place, "a GET has no body"));
        }
        let query = pairs(fields, "query", names, out);
        let headers = headers(fields, names, out);
        let response_path = fields.path("response_path", out);
        let keep = keep(fields, out);
        let absent_is_empty = fields.flag("absent_is_empty", out);
        Some(Self {
            method,
            path: path?,
            query,
            headers,
            body,
            response_path: response_path.unwrap_or_else(Path::root),
            pagination: pagination?,
            keep,
            absent_is_empty: absent_is_empty.unwrap_or_default(),
        })
    }

    /// The names that its answers give to what follows.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &str> {
        self.keep.iter().map(|(name, _)| name.as_str())
    }
}

fn method_and_body(
    fields: Fields<'_>,
    names: &Names,
    out: &mut Mistakes,
) -> (Method, Option<Body>) {
    const METHODS: [(&str, Method); 2] = [("GET", Method::Get), ("POST", Method::Post)];
    let method = fields.word("method", &METHODS, out).unwrap_or(
        if fields.has("method")
            && out
                .last()
                .is_some_and(|last| last.path == fields.place("method"))
        {
            // Already a mistake: do not complain about the body as well.
            Method::Post
        } else {
            Method::Get
        },
    );
    if method == Method::Get {
        for key in ["body", "form"] {
            if fields.has(key) {
                fields.wrong(key, "a GET has no body, `method: POST` has one", out);
            }
        }
    }
    if fields.has("body") && fields.has("form") {
        fields.wrong("form", "cannot stand beside `body`", out);
    }
    if let Some(body) = fields.get("body") {
        let body = names.body(body, &fields.place("body"), out);
        return (method, body.map(Body::Json));
    }
    let Some(form) = fields.object("form", out) else {
        return (method, None);
    };
    let mut read = Vec::with_capacity(form.len());
    for (name, value) in form {
        let at = mistake::join(&fields.place("form"), name);
        let field = match value {
            Value::Object(map) => match map.get("json") {
                Some(json) if map.len() == 1 => names.body(json, &at, out).map(FormField::Json),
                _ => {
                    out.push(Mistake::new(
                        at,
                        "must be text, or an object with `json` alone",
                    ));
                    None
                }
            },
            other => scalar(other, &at, out)
                .and_then(|text| names.template(&text, &at, out))
                .map(FormField::Text),
        };
        read.extend(field.map(|field| (name.clone(), field)));
    }
    (method, Some(Body::Form(read)))
}

/// Names and texts; a list of texts repeats the name, null leaves it out.
fn pairs(
    fields: Fields<'_>,
    key: &str,
    names: &Names,
    out: &mut Mistakes,
) -> Vec<(String, Template)> {
    let mut pairs = Vec::new();
    for (name, value) in fields.object(key, out).into_iter().flatten() {
        let at = mistake::join(&fields.place(key), name);
        let values = match value {
            Value::Null => continue,
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let template = scalar(value, &at, out).and_then(|text| names.template(&text, &at, out));
            pairs.extend(template.map(|template| (name.clone(), template)));
        }
    }
    pairs
}

fn scalar(value: &Value, at: &str, out: &mut Mistakes) -> Option<String> {
    let text = of_scalar(value);
    if text.is_none() {
        out.push(Mistake::new(
            at,
            "must be a text, a number, or true or false",
        ));
    }
    text.map(std::borrow::Cow::into_owned)
}

/// Headers; their names are checked, and none may be one that the client owns.
pub(crate) fn headers(
    fields: Fields<'_>,
    names: &Names,
    out: &mut Mistakes,
) -> Vec<(String, Template)> {
    const OWNED: [&str; 6] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        "range",
    ];
    let headers = pairs(fields, "headers", names, out);
    for (name, template) in &headers {
        let at = mistake::join(&fields.place("headers"), name);
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            out.push(Mistake::new(at, "is no name of a header"));
        } else if OWNED.contains(&name.to_ascii_lowercase().as_str()) {
            out.push(Mistake::new(at, "is set by the client itself"));
        } else if template.as_str().contains(['\r', '\n']) {
            out.push(Mistake::new(at, "a header is one line"));
        }
    }
    headers
}

fn keep(fields: Fields<'_>, out: &mut Mistakes) -> Vec<(String, Path)> {
    let mut keep = Vec::new();
    for (name, value) in fields.object("keep", out).into_iter().flatten() {
        let at = mistake::join(&fields.place("keep"), name);
        if !is_name(name) {
            out.push(Mistake::new(&at, "a name has letters, digits and `_`"));
        }
        let path = value.as_str().map(Path::parse);
        match path {
            Some(Ok(path)) => keep.push((name.clone(), path)),
            Some(Err(error)) => out.push(Mistake::new(at, error.to_string())),
            None => out.push(Mistake::new(at, "must be a path into the answer")),
        }
    }
    keep
}
