//! The catalogue: definitions of real applications that come with Sando. One is taken as a draft, and changed as needed.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use sando_core::admin::definitions;
use sando_core::definition::Source;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayRead;
use crate::body::{InPath, InQuery};
use crate::list::{Listed, cut};
use crate::problem::Problem;

const FILES: &[&str] = &include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// One definition of the catalogue.
pub(crate) struct Entry {
    /// Its name in addresses.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) name: String,
    /// The application that it reads.
    pub(crate) app: String,
    /// How its requests authenticate.
    pub(crate) auth: String,
    /// What the file says about itself.
    pub(crate) notes: Vec<String>,
    /// The file.
    pub(crate) file: Value,
}

fn read(text: &str) -> Option<Entry> {
    let file = Source::parse(text).ok()?.value().clone();
    let of = |at: &str| file.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let notes = text.lines().take_while(|line| line.starts_with('#'));
    Some(Entry {
        id: of("/definition")?,
        name: of("/name").or_else(|| of("/app"))?,
        app: of("/app")?,
        auth: of("/auth/type").unwrap_or_else(|| "none".to_owned()),
        notes: notes
            .map(|line| line.trim_start_matches('#').trim().to_owned())
            .collect(),
        file,
    })
}

/// All of them, by name.
pub(crate) static ALL: LazyLock<Vec<Entry>> =
    LazyLock::new(|| FILES.iter().filter_map(|text| read(text)).collect());

/// The definition of that name.
pub(crate) fn find(id: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.id == id)
}

/// Those in whose names this text is, whatever its case.
pub(crate) fn search(text: &str) -> Vec<&'static Entry> {
    let text = text.trim().to_lowercase();
    let has = |name: &String| name.to_lowercase().contains(&text);
    let found = ALL.iter();
    found
        .filter(|entry| [&entry.id, &entry.name, &entry.app].into_iter().any(has))
        .collect()
}

/// What to look for, and which part of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogueQuery {
    #[serde(default)]
    q: String,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// A definition of the catalogue in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueView {
    id: &'static str,
    name: &'static str,
    app: &'static str,
    /// How its requests authenticate.
    auth: &'static str,
    /// Where its keys come from, limits and quirks.
    #[schema(value_type = Vec<String>)]
    notes: &'static [String],
    /// A definition of this name is stored here.
    taken: bool,
}

/// Lists definitions of real applications that come with Sando; `q` finds in their names.
#[utoipa::path(get, path = "/v1/catalogue", tag = "builder", operation_id = "list_catalogue",
    params(("q" = Option<String>, Query), ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<CatalogueView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<CatalogueQuery>,
) -> Result<Json<Listed<CatalogueView>>, Problem> {
    let stored = definitions::all(&api.ports).await?;
    let is_taken = |id: &str| stored.iter().any(|item| item.entity.id.as_str() == id);
    let found = search(&query.q).into_iter().map(|entry| {
        let view = CatalogueView {
            id: &entry.id,
            name: &entry.name,
            app: &entry.app,
            auth: &entry.auth,
            notes: &entry.notes,
            taken: is_taken(&entry.id),
        };
        (entry.id.clone(), view)
    });
    let listed = cut(found.collect(), query.limit, query.cursor.as_deref())?;
    Ok(Json(listed))
}

/// A definition of the catalogue as a file that can be put, as it is or changed.
#[utoipa::path(get, path = "/v1/catalogue/{id}", tag = "builder", operation_id = "get_catalogue_definition",
    params(("id" = String, Path)), responses((status = 200, body = Object)))]
pub(crate) async fn one(
    _: MayRead,
    InPath(id): InPath<String>,
) -> Result<Json<&'static Value>, Problem> {
    let entry = find(&id).ok_or_else(|| Problem::not_found("there is no such definition"))?;
    Ok(Json(&entry.file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_catalogue_is_offered_by_name() {
        assert!(FILES.len() > 20);
        assert_eq!(ALL.len(), FILES.len());
        assert!(ALL.is_sorted_by(|a, b| a.id < b.id));
    }

    #[test]
    fn a_text_is_looked_for_in_names_whatever_its_case() {
        let names =
            |text| -> Vec<&str> { search(text).iter().map(|one| one.id.as_str()).collect() };

        assert_eq!(names(" ZOO "), ["zoom"]);
        assert_eq!(names("").len(), ALL.len());
        assert!(names("nothing like it").is_empty());
    }
}
