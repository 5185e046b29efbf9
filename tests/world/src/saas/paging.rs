//! The styles in which lists are paged.

use serde_json::Value;

use super::SaasRequest;

/// Where a paging value comes in.
#[derive(Clone, Debug)]
pub enum Place {
    /// A query parameter.
    Query(String),
    /// A place in a JSON body, with dots.
    Body(String),
    /// A header.
    Header(String),
}

impl Place {
    /// A query parameter.
    pub fn query(name: &str) -> Self {
        Self::Query(name.to_owned())
    }

    pub(super) fn read(&self, request: &SaasRequest) -> Option<String> {
        match self {
            Self::Query(name) => request.query(name).map(str::to_owned),
            Self::Header(name) => request.header(name).map(str::to_owned),
            Self::Body(path) => {
                let pointer = format!("/{}", path.replace('.', "/"));
                match request.json().pointer(&pointer)? {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                }
            }
        }
    }

    pub(super) fn number(&self, request: &SaasRequest) -> Option<usize> {
        self.read(request)?.parse().ok()
    }
}

/// How a cursor says that the list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is not there.
    Absent,
    /// It is null.
    Null,
    /// It is the empty text.
    Empty,
    /// It is the number 0.
    Zero,
}

/// How a list is paged.
#[derive(Clone, Debug)]
pub enum Paging {
    /// Not at all.
    None,
    /// By the number of rows before the page.
    Offset {
        /// Where the offset comes in.
        offset: Place,
        /// The offset of the first row.
        start: usize,
    },
    /// By the number of the page.
    Page {
        /// Where the number comes in.
        page: Place,
        /// The number of the first page.
        start: usize,
    },
    /// By a URL in the body.
    NextUrl {
        /// Where it stands in the answer.
        path: String,
        /// Only path and query?
        relative: bool,
    },
    /// By a `Link` header.
    Link {
        /// Always there, with `results="false"` at the end?
        always: bool,
    },
    /// By a cursor.
    Cursor {
        /// Where it comes in.
        send: Place,
        /// Where it stands in the answer's body; or `header:name`.
        path: String,
        /// How it ends.
        end: End,
    },
    /// By a field of the last row.
    LastItem {
        /// Where it comes in.
        send: Place,
        /// The field.
        field: String,
    },
}

impl Paging {
    /// `offset` from 0.
    pub fn offset() -> Self {
        Self::Offset {
            offset: Place::query("offset"),
            start: 0,
        }
    }

    /// `page` from 1.
    pub fn page() -> Self {
        Self::Page {
            page: Place::query("page"),
            start: 1,
        }
    }

    /// `cursor` to and from a place in the body.
    pub fn cursor(path: &str) -> Self {
        Self::Cursor {
            send: Place::query("cursor"),
            path: path.to_owned(),
            end: End::Absent,
        }
    }

    /// The URL of the next page in the body.
    pub fn next_url(path: &str) -> Self {
        Self::NextUrl {
            path: path.to_owned(),
            relative: false,
        }
    }
}
