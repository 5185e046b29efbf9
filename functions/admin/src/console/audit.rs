//! The trail: records in their order, one record with before and after, and verifying all of it.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use sando_core::admin::api_key::{self, Scope};
use sando_core::admin::jobs;
use sando_core::admin::trail::{self, Filter, Place};
use sando_core::audit::{AuditValue, Record, StreamId, Verification};
use sando_core::handle::cipher::Cipher;
use sando_core::ids::PersonId;
use sando_core::job::{JobState, Work};
use serde::Deserialize;

use crate::Api;
use crate::jobs::PATIENCE;
use crate::problem::Problem;
use crate::timeline::place as parsed;

use super::changes::unfinished;
use super::format::{exact, when};
use super::input::{Asks, At};
use super::job::waits;
use super::layout::{Nav, Page};
use super::parts::{button, clipped, empty, id as copied, segment};
use super::refusal::Refusal;
use super::story::{cause, values};
use super::visitor::{Operates, Sees, Visitor};
use super::words;

/// How many records a page has.
const MOST: usize = 50;

/// Which part of the trail.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuditQuery {
    stream: String,
    who: String,
    did: String,
    to: String,
    cause: String,
    from: String,
    until: String,
    pub(super) cursor: Option<String>,
    /// Of a file that comes in parts: this one.
    pub(super) part: bool,
}

impl AuditQuery {
    /// The fields that are filled in.
    fn filled(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("stream", &self.stream),
            ("who", &self.who),
            ("did", &self.did),
            ("to", &self.to),
            ("cause", &self.cause),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let all = all.into_iter().map(|(name, text)| (name, text.trim()));
        all.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// This filter at an address, with what else is asked for.
    pub(super) fn address(&self, path: &str, more: &[(&'static str, &str)]) -> String {
        let all = self.filled().into_iter().chain(more.iter().copied());
        let all = all.map(|(name, text)| format!("{name}={}", segment(text)));
        let all: Vec<String> = all.collect();
        if all.is_empty() {
            return path.to_owned();
        }
        format!("{path}?{}", all.join("&"))
    }

    /// The stream that is asked for, by name or by whose it is.
    pub(super) fn stream(&self) -> Result<Option<StreamId>, Problem> {
        let person = PersonId::parse(self.to.trim().trim_start_matches("person/"));
        match (self.stream.trim(), person) {
            ("", Ok(person)) => Ok(Some(StreamId::Person(person))),
            ("", Err(_)) => Ok(None),
            (text, _) => StreamId::try_from(text.to_owned())
                .map(Some)
                .map_err(|error| Problem::mistake("stream", error.to_string())),
        }
    }

    /// What has to fit.
    pub(super) fn filter(&self, stream: Option<&StreamId>) -> Result<Filter, Problem> {
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        // Everything in a person's stream is about them, whatever else it names.
        let is_theirs = |to: &String| {
            let to = to.trim_start_matches("person/");
            matches!(stream, Some(StreamId::Person(id)) if id.as_str() == to)
        };
        Ok(Filter {
            actor: said(&self.who),
            actions: said(&self.did)
                .map(|text| words::actions_like(&text))
                .unwrap_or_default(),
            target: said(&self.to).filter(|to| !is_theirs(to)),
            cause: said(&self.cause),
            from: day("from", &self.from)?.and_then(midnight),
            until: day("until", &self.until)?
                .and_then(|day| day.tomorrow().ok())
                .and_then(midnight),
        })
    }
}

fn day(name: &str, text: &str) -> Result<Option<Date>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| Problem::mistake(name, words::NO_DAY)),
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    let zoned = day.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

/// Lists records: the last one of each stream, all of one, or those that are asked for.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<AuditQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let stream = query.stream()?;
    let filter = query.filter(stream.as_ref())?;
    let is_filtered = !query.filled().is_empty();
    let (records, looked, next) = if is_filtered {
        let from = parsed(query.cursor.as_deref())?;
        let found =
            trail::search(&api.ports, stream.as_ref(), &filter, from.as_ref(), MOST).await?;
        (
            found.records,
            found.looked,
            found.next.as_ref().map(Place::print),
        )
    } else {
        let latest = trail::latest(&api.ports, query.cursor.clone(), MOST).await?;
        (latest.records, 0, latest.next)
    };
    let who = Whos::of(&api, &visitor).await?;
    let body = html! {
        (bar(&visitor, &query, &who))
        @if !is_filtered { p.small.muted { (words::LATEST_MEANS) } }
        @if records.is_empty() {
            @if is_filtered { p.empty { (words::NO_MATCH) " " a href="/console/audit" { (words::CLEAR) } } }
            @else { (empty(words::NO_RECORDS)) }
        } @else { (table(&records, &who, now)) }
        @if let Some(cursor) = &next {
            p.pager { a href=(query.address("/console/audit", &[("cursor", cursor)])) rel="next" { (words::go_on(is_filtered && records.len() < MOST)) } }
        }
    };
    let verdict = if filter.is_empty() {
        words::AUDIT.to_owned()
    } else {
        words::searched(records.len(), looked, next.is_some())
    };
    Ok(around(verdict, body).respond(Some(&visitor)))
}

/// Who did something, by name where it is known: keys are for who may see them.
struct Whos(Vec<(String, String)>);

impl Whos {
    async fn of(api: &Api, visitor: &Visitor) -> Result<Self, Refusal> {
        if !visitor.may(Scope::Admin) {
            return Ok(Self(Vec::new()));
        }
        let keys = api_key::all(&api.ports).await?.into_iter();
        let named = keys.map(|key| (format!("key:{}", key.id), key.name));
        Ok(Self(named.collect()))
    }

    fn name<'a>(&'a self, actor: &'a str) -> &'a str {
        let known = self.0.iter().find(|(known, _)| known == actor);
        known.map_or(actor, |(_, name)| name.as_str())
    }
}

/// The page around records.
pub(super) fn around(verdict: String, body: Markup) -> Page {
    Page {
        nav: Nav::Audit,
        title: "Audit".to_owned(),
        above: None,
        verdict,
        lead: None,
        body,
    }
}

fn bar(visitor: &Visitor, query: &AuditQuery, who: &Whos) -> Markup {
    let is_filtered = !query.filled().is_empty();
    html! {
        form.filter method="get" action="/console/audit" role="search" {
            label { "Who" input type="search" name="who" value=(query.who) maxlength="200" list="whos"; }
            label { "Did what" input type="search" name="did" value=(query.did) maxlength="100" data-find="1"; }
            label { "To whom or what" input type="search" name="to" value=(query.to) maxlength="200" placeholder="per_…, figma, app"; }
            label { "Because of" input type="search" name="cause" value=(query.cause) maxlength="200" placeholder="evt_…, run_…"; }
            label { "From (UTC)" input type="date" name="from" value=(query.from); }
            label { "Until" input type="date" name="until" value=(query.until); }
            @if !query.stream.is_empty() {
                label { "Chain" input type="search" name="stream" value=(query.stream) maxlength="200"; }
            }
            button type="submit" { (words::FILTER) }
            @if is_filtered { a.button href="/console/audit" { (words::CLEAR) } }
            datalist #whos {
                option value="sando" {}
                option value="local-admin" {}
                @for (id, name) in &who.0 { option value=(id) { (name) } }
            }
        }
        div.bar {
            a.button href="/console/reports/review" { (words::REVIEW) }
            @if visitor.may(Scope::Operate) { (button(visitor, "/console/audit/verify", "", words::VERIFY)) }
            a.button href=(query.address("/console/audit/jsonl", &[])) { (words::JSON_LINES) }
            a.button href=(query.address("/console/audit/csv", &[])) { (words::CSV) }
        }
    }
}

/// What a record is about: the first part of its target.
fn kind_of(target: &str) -> &str {
    target.split('/').next().unwrap_or(target)
}

/// The application that a record is about.
fn app_of(target: &str) -> Option<&str> {
    target.strip_prefix("app/")
}

fn table(records: &[Record], who: &Whos, now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "What" } th scope="col" { "On what" } th scope="col" { "Who" } th scope="col" { "When" } th scope="col" { "Chain" }
            } }
            tbody {
                @for record in records {
                    @let stream = record.stream.to_string();
                    tr {
                        td {
                            a href={ "/console/audit/" (stream) "/" (record.seq) } { (words::happened(kind_of(&record.target), app_of(&record.target), &record.action)) }
                            @if record.result != "ok" { " " span.small.muted { (record.result) } }
                        }
                        td data-label="On what" { (clipped(&record.target)) }
                        td data-label="Who" { (clipped(who.name(&record.actor))) }
                        td.nowrap data-label="When" { (when(record.at, now)) }
                        td.nowrap data-label="Chain" {
                            a.small href={ "/console/audit?stream=" (segment(&stream)) } { (clipped(&stream)) } " " span.small.muted { "#" (record.seq) }
                        }
                    }
                }
            }
        }
    }
}

/// Shows one record.
pub(super) async fn record(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(place): At<String>,
) -> Result<Response, Refusal> {
    let (stream, seq) = place.rsplit_once('/').ok_or_else(Refusal::nothing)?;
    let stream = StreamId::try_from(stream.to_owned()).map_err(|_| Refusal::nothing())?;
    let seq: u64 = seq.parse().map_err(|_| Refusal::nothing())?;
    let found = api.ports.store.records(&stream, seq, 1).await?;
    let record = found.into_iter().find(|record| record.seq == seq);
    let record = record.ok_or_else(Refusal::nothing)?;
    let cipher = match &stream {
        StreamId::Person(id) => Cipher::find(&api.ports, id).await?,
        _ => None,
    };
    let holds = record.computed_hash() == record.hash;
    let body = html! {
        dl.facts {
            dt { "When" } dd { (exact(record.at)) }
            dt { "Who" } dd { (record.actor) }
            dt { "On what" } dd { (record.target) }
            dt { "Because of" } dd { (cause(&record.cause)) " " a href={ "/console/audit?cause=" (segment(&record.cause.id)) } { (words::SAME_CAUSE) } }
            dt { "Result" } dd { (record.result) }
            dt { "Belongs to" } dd { code { (record.correlation_id) } }
            @if let Some(before) = &record.before { dt { "Before" } dd { (opened(before, cipher.as_ref())) } }
            @if let Some(after) = &record.after { dt { "After" } dd { (opened(after, cipher.as_ref())) } }
            dt { "Hash" } dd { (copied(&record.hash)) @if holds { " " span.ok { "✓ it fits the record" } } @else { " " span.bad { "✕ it does not fit the record" } } }
            dt { "Hash before" } dd { code { (record.prev_hash) } }
        }
    };
    let page = Page {
        nav: Nav::Audit,
        title: format!("{} #{}", record.stream, record.seq),
        above: Some(
            html! { a href="/console/audit" { "Audit" } " › " a href={ "/console/audit?stream=" (segment(&stream.to_string())) } { (stream) } },
        ),
        verdict: format!("{}: {}.", record.target, record.action),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn opened(value: &AuditValue, cipher: Option<&Cipher>) -> Markup {
    match (value, cipher) {
        (AuditValue::Open(value), _) => values(value),
        (sealed, Some(cipher)) => values(&cipher.open(sealed)),
        (_, None) => html! { span.muted { (words::SEALED) } },
    }
}

/// Follows every chain from its first record to its head.
pub(super) async fn verify(
    Operates(visitor): Operates,
    State(api): State<Api>,
) -> Result<Response, Refusal> {
    let work = Work::VerifyAudit(Box::default());
    let job = jobs::run(&api.ports, &visitor.who(&api), work, PATIENCE).await?;
    match (&job.state, &job.work) {
        (JobState::Done, Work::VerifyAudit(found)) => {
            let (verdict, body) = verified(found);
            Ok(around(verdict, body).respond(Some(&visitor)))
        }
        (JobState::Running, _) => Ok(waits(&job)),
        _ => Err(unfinished(&job).into()),
    }
}

/// What came of following every chain.
pub(super) fn verified(found: &Verification) -> (String, Markup) {
    let body = html! {
        @if found.first_broken.is_some() { div.said.is-bad { p { "Compare it with a checkpoint that was kept elsewhere: sando audit verify --anchor." } } }
        p.bar { a.button href="/console/audit" { "See the records" } }
    };
    (words::verified(found), body)
}
