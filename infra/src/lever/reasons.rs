//! Archive reasons, which say what a hire is: type `hired`, never a label. Kept for some minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use sando_core::ports::RemoteError;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Errand, LeverClient,
    paging::List,
    wire::{Data, OneOrMany, ReasonBody},
};

const KEPT: Duration = Duration::from_secs(300);

/// All reasons by id, and when they were read.
#[derive(Clone)]
pub(super) struct Reasons {
    by_id: BTreeMap<String, Reason>,
    read_at: Instant,
}

/// One reason.
#[derive(Clone)]
pub(super) struct Reason {
    id: String,
    text: Option<String>,
    kind: Option<String>,
}

impl Reason {
    pub(super) fn is_hired(&self) -> bool {
        self.kind.as_deref() == Some("hired")
    }

    pub(super) fn to_value(&self) -> Value {
        json!({"id": self.id, "text": self.text, "type": self.kind})
    }
}

impl From<ReasonBody> for Reason {
    fn from(body: ReasonBody) -> Self {
        Self {
            id: body.id,
            text: body.text,
            kind: body.kind,
        }
    }
}

impl LeverClient {
    /// The reason of that id; nothing if Lever does not know it.
    pub(super) async fn reason(
        &self,
        id: &str,
        errand: &Errand,
    ) -> Result<Option<Reason>, RemoteError> {
        if let Some(reason) = self.reasons(errand).await?.get(id) {
            return Ok(Some(reason.clone()));
        }
        // Made just now, or left out of the list.
        let answer = match self.get(&["archive_reasons", id], errand).await {
            Err(RemoteError::Refused { status: 404, .. }) => return Ok(None),
            answer => answer?,
        };
        let body: Data<OneOrMany<ReasonBody>> = answer.parse()?;
        let found = body.data.into_vec().into_iter().find(|body| body.id == id);
        Ok(found.map(Reason::from))
    }

    /// The ids of all reasons of type `hired`.
    pub(super) async fn hired_reasons(&self, errand: &Errand) -> Result<Vec<String>, RemoteError> {
        let reasons = self.reasons(errand).await?;
        let hired = reasons.into_values().filter(Reason::is_hired);
        Ok(hired.map(|reason| reason.id).collect())
    }

    async fn reasons(&self, errand: &Errand) -> Result<BTreeMap<String, Reason>, RemoteError> {
        let kept = self.reasons.lock().await.clone();
        if let Some(kept) = kept.filter(|kept| kept.read_at.elapsed() < KEPT) {
            return Ok(kept.by_id);
        }
        let list = List {
            parts: &["archive_reasons"],
            query: Vec::new(),
            most_pages: 10,
        };
        let rows = self.list::<ReasonBody>(&list, errand).await?;
        let by_id: BTreeMap<String, Reason> = rows
            .into_iter()
            .map(|body| (body.id.clone(), body.into()))
            .collect();
        *self.reasons.lock().await = Some(Reasons {
            by_id: by_id.clone(),
            read_at: Instant::now(),
        });
        Ok(by_id)
    }
}
