//! What pages are drawn with, embedded: each file under a name with its hash, so that it can be kept for a year.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use sha2::{Digest, Sha256};

/// A file that pages are drawn with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asset {
    /// The stylesheet.
    Style,
    /// Our script.
    Script,
    /// htmx.
    Htmx,
    /// The icons.
    Icons,
    /// The mark in the browser's tab.
    Mark,
}

impl Asset {
    const ALL: [Self; 5] = [
        Self::Style,
        Self::Script,
        Self::Htmx,
        Self::Icons,
        Self::Mark,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Style => include_str!("assets/app.css"),
            Self::Script => include_str!("assets/app.js"),
            Self::Htmx => include_str!("assets/htmx.min.js"),
            Self::Icons => include_str!("assets/icons.svg"),
            Self::Mark => include_str!("assets/mark.svg"),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Style => "text/css; charset=utf-8",
            Self::Script | Self::Htmx => "text/javascript; charset=utf-8",
            Self::Icons | Self::Mark => "image/svg+xml",
        }
    }

    fn file_name(self) -> String {
        let hash = hex::encode(Sha256::digest(self.text().as_bytes()));
        let hash: String = hash.chars().take(16).collect();
        match self {
            Self::Style => format!("app.{hash}.css"),
            Self::Script => format!("app.{hash}.js"),
            Self::Htmx => format!("htmx.{hash}.js"),
            Self::Icons => format!("icons.{hash}.svg"),
            Self::Mark => format!("mark.{hash}.svg"),
        }
    }

    /// Where it is.
    pub(super) fn url(self) -> String {
        let known = NAMES.iter().find(|(asset, _)| *asset == self);
        let name = known.map_or("", |(_, name)| name.as_str());
        format!("/console/assets/{name}")
    }
}

static NAMES: LazyLock<Vec<(Asset, String)>> = LazyLock::new(|| {
    let all = Asset::ALL.into_iter();
    all.map(|asset| (asset, asset.file_name())).collect()
});

/// Serves a file by its name.
pub(super) async fn serve(Path(wanted): Path<String>) -> Response {
    let Some((asset, _)) = NAMES.iter().find(|(_, name)| *name == wanted) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.kind()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, asset.text()).into_response()
}
