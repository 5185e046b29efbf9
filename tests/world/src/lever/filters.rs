//! The filters of Lever's lists; a repeated one means any of its values.

use serde_json::Value;

use super::refusal::Refusal;
use super::state::{Opportunity, State};
use crate::query::Params;

/// Whether a row passes the opportunity list's filters.
pub(super) fn passes(
    state: &State,
    opportunity: &Opportunity,
    params: &Params,
) -> Result<bool, Refusal> {
    let archived = opportunity.shown_archived();
    let updated = (!opportunity.null_updated_at).then_some(opportunity.updated_at);
    let windows = within(params, "created_at", Some(opportunity.created_at))?
        && within(params, "updated_at", updated)?
        && within(params, "advanced_at", Some(opportunity.last_advanced_at))?
        && within(params, "archived_at", archived.map(|archived| archived.at))?;
    let confidentiality = if opportunity.confidential {
        "confidential"
    } else {
        "non-confidential"
    };
    let tags: Vec<&str> = opportunity.tags.iter().map(String::as_str).collect();
    let reason: Vec<&str> = archived
        .map(|archived| archived.reason.as_str())
        .into_iter()
        .collect();
    let location: Vec<&str> = opportunity.location.as_deref().into_iter().collect();
    let posting: Vec<&str> = opportunity.posting.as_deref().into_iter().collect();
    Ok(windows
        && confidentiality_fits(params, confidentiality)?
        && archived_fits(params, archived.is_some())?
        && email_fits(state, opportunity, params)?
        && any_of(params, "archive_reason_id", &reason)
        && any_of(params, "contact_id", &[&opportunity.contact])
        && any_of(params, "stage_id", &[&opportunity.stage])
        && any_of(params, "origin", &[&opportunity.origin])
        && any_of(params, "posting_id", &posting)
        && any_of(params, "location", &location)
        && any_of(params, "tag", &tags))
}

/// Whether a row of this confidentiality is listed.
pub(super) fn confidentiality_fits(params: &Params, row: &str) -> Result<bool, Refusal> {
    match params.one("confidentiality").unwrap_or("non-confidential") {
        "all" => Ok(true),
        wanted @ ("confidential" | "non-confidential") => Ok(wanted == row),
        other => Err(Refusal::BadRequest(format!(
            "{other} is not a confidentiality"
        ))),
    }
}

/// Whether a time lies in `<name>_start` … `<name>_end`, both inclusive.
pub(super) fn within(params: &Params, name: &str, at: Option<i64>) -> Result<bool, Refusal> {
    let bound = |side: &str| -> Result<Option<i64>, Refusal> {
        let key = format!("{name}_{side}");
        let Some(text) = params.one(&key) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| Refusal::BadRequest(format!("{key} is not a timestamp")))
    };
    let (start, end) = (bound("start")?, bound("end")?);
    if start.is_none() && end.is_none() {
        return Ok(true);
    }
    Ok(at
        .is_some_and(|at| start.is_none_or(|start| at >= start) && end.is_none_or(|end| at <= end)))
}

/// Whether one of the row's values is among those asked for, if any are.
pub(super) fn any_of(params: &Params, name: &str, row: &[&str]) -> bool {
    let mut wanted = params.all(name).peekable();
    wanted.peek().is_none() || wanted.any(|value| row.contains(&value))
}

/// Whether a JSON row's text field is among the values asked for, if any are.
pub(super) fn field_fits(params: &Params, name: &str, row: &Value, field: &str) -> bool {
    let value = row.get(field).and_then(Value::as_str);
    let values: Vec<&str> = value.into_iter().collect();
    any_of(params, name, &values)
}

fn archived_fits(params: &Params, archived: bool) -> Result<bool, Refusal> {
    match params.one("archived") {
        None => Ok(true),
        Some("true") => Ok(archived),
        Some("false") => Ok(!archived),
        Some(other) => Err(Refusal::BadRequest(format!("{other} is not a boolean"))),
    }
}

fn email_fits(state: &State, opportunity: &Opportunity, params: &Params) -> Result<bool, Refusal> {
    let mut wanted = params.all("email").peekable();
    if wanted.peek().is_none() {
        return Ok(true);
    }
    let known = state
        .contacts
        .get(&opportunity.contact)
        .map_or(&[][..], |contact| &contact.emails);
    let mut found = false;
    for address in wanted {
        if !address.contains('@') {
            return Err(Refusal::BadRequest("Email address is not valid".to_owned()));
        }
        found |= known.iter().any(|email| email == address);
    }
    Ok(found)
}
