//! Notes on an opportunity: found again by a marker, written once; and tags.

use sando_core::ids::LeverId;
use sando_core::ports::RemoteError;
use serde_json::{Value, json};

use super::{Errand, LeverClient, paging::List, wire::NoteBody};

impl LeverClient {
    pub(super) async fn find_note(
        &self,
        opportunity: &LeverId,
        marker: &str,
        errand: &Errand,
    ) -> Result<bool, RemoteError> {
        let list = List {
            parts: &["opportunities", opportunity.as_str(), "notes"],
            query: Vec::new(),
            most_pages: 50,
        };
        let notes = self.list::<NoteBody>(&list, errand).await?;
        Ok(notes.iter().any(|note| carries(note, marker)))
    }

    /// Secret: what access somebody gets is nothing for everybody who hires.
    pub(super) async fn write_note(
        &self,
        opportunity: &LeverId,
        text: &str,
        errand: &Errand,
    ) -> Result<(), RemoteError> {
        let parts = ["opportunities", opportunity.as_str(), "notes"];
        let body = json!({"value": text, "secret": true});
        self.post(&parts, &body, errand).await.map(drop)
    }

    /// Tags that are there already stay as they are.
    pub(super) async fn tag(
        &self,
        opportunity: &LeverId,
        tag: &str,
        errand: &Errand,
    ) -> Result<(), RemoteError> {
        let parts = ["opportunities", opportunity.as_str(), "addTags"];
        self.post(&parts, &json!({"tags": [tag]}), errand)
            .await
            .map(drop)
    }
}

fn carries(note: &NoteBody, marker: &str) -> bool {
    let has = |value: &Value| value.as_str().is_some_and(|text| text.contains(marker));
    has(&note.value) || note.fields.iter().any(|field| has(&field.value))
}
