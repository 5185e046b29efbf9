//! Licences and spend: what is used, what it costs and whom, and what could go back; every table as CSV too.

use std::cmp::Reverse;

use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::api_key::Scope;
use sando_core::admin::{accounts, files, jobs, reports};
use sando_core::company::Company;
use sando_core::ids::{AppSlug, PersonId};
use sando_core::report::{Costs, Licence, Line, Money, Spend, UNUSED_DAYS};
use sando_core::store::Loaded;
use serde::Deserialize;

use crate::Api;
use crate::forecast::forecast_rows;
use crate::reports::{csv as file, license_rows, seat_rows, spend_rows};

use super::chart::{bar, percent};
use super::forecast;
use super::format::{number, total};
use super::input::Asks;
use super::job::waits;
use super::kept::{count_now, kept};
use super::layout::{Nav, Page};
use super::lookup::Names;
use super::parts::{empty, segment, tabs};
use super::refusal::Refusal;
use super::visitor::{Operates, Sees, Visitor};
use super::words::{self, InUse};

/// How many rows a table of the page has; the CSV has all.
const MOST: usize = 50;

/// By what money is shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum By {
    #[default]
    Department,
    App,
    Person,
}

impl By {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Department, "department", "By department"),
        (Self::App, "app", "By application"),
        (Self::Person, "person", "By person"),
    ];

    fn word(self) -> &'static str {
        let known = Self::ALL.iter().find(|(by, ..)| *by == self);
        known.map_or("", |(_, word, _)| *word)
    }
}

/// By what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpendQuery {
    #[serde(default)]
    by: By,
    /// Also where it takes long.
    #[serde(default)]
    now: bool,
}

/// What somebody or something costs.
struct Row {
    name: String,
    to: Option<String>,
    line: Line,
}

/// Shows what is spent, how well licences are used, and what people who left still hold.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<SpendQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let company = files::company(&api.ports).await?;
    let accounts = accounts::all(&api.ports).await?;
    let kept = match query.now {
        true => None,
        false => kept(&api, &accounts).await?,
    };
    let (costs, lead) = match kept {
        Some(kept) => {
            let to = format!("/console/spend?by={}&now=true", query.by.word());
            (kept.costs, Some(count_now(&visitor, kept.at, &to, now)))
        }
        None => {
            let costs = reports::costs(&api.ports, now, UNUSED_DAYS).await?;
            (costs, stale(&accounts, now))
        }
    };
    let rows = rows(&api, &costs, &company, query.by).await?;
    let body = if costs.licences.by_license.is_empty() && rows.is_empty() {
        empty(words::NO_SPEND)
    } else {
        html! {
            (chargeback(&rows, query.by, &costs.spend.total.monthly))
            (licences(&costs, &company))
            (forecast::section(&costs.forecast, &company))
            (residue(&visitor, &costs))
        }
    };
    let page = Page {
        nav: Nav::Spend,
        title: words::SPEND.to_owned(),
        above: None,
        verdict: words::spend(&costs.spend.total.monthly, &costs.licences, &in_use(&costs)),
        lead,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

/// Counts all of it now, however long that takes; a count that goes on is shown.
pub(super) async fn count(
    Operates(visitor): Operates,
    State(api): State<Api>,
) -> Result<Response, Refusal> {
    let job = jobs::count(&api.ports, &visitor.who(&api)).await?;
    Ok(waits(&job))
}

/// Does a roster tell who holds licences of an application?
fn is_read(costs: &Costs, app: &AppSlug) -> bool {
    costs.spend.by_app.contains_key(app)
}

/// How much of everything is in use.
fn in_use(costs: &Costs) -> InUse {
    let apps = costs.licences.by_license.iter();
    let all = apps.flat_map(|(app, of_app)| {
        let is_read = is_read(costs, app);
        of_app
            .values()
            .filter_map(move |one| InUse::of(one, is_read))
    });
    all.fold(InUse::default(), InUse::with)
}

/// Says that rosters are old, if some are.
fn stale(accounts: &[Loaded<Account>], now: Timestamp) -> Option<Markup> {
    let day = SignedDuration::from_hours(25);
    let is_old = |account: &&Loaded<Account>| {
        let at = account.entity.applied_at;
        at.is_some_and(|at| now.duration_since(at) > day)
    };
    let old = accounts.iter().filter(is_old).count();
    (old > 0)
        .then(|| html! { p.measure { (words::stale(old, accounts.len())) " " a href="/console/integrations" { "See which" } } })
}

async fn rows(api: &Api, costs: &Costs, company: &Company, by: By) -> Result<Vec<Row>, Refusal> {
    let spend = &costs.spend;
    let mut rows: Vec<Row> = match by {
        By::Department => spend.by_department.iter().map(of_department).collect(),
        By::App => {
            let apps = spend.by_app.iter();
            apps.map(|(app, line)| of_app(company, app, line)).collect()
        }
        By::Person => by_person(api, spend).await?,
    };
    if by != By::App && spend.unknown.seats > 0 {
        rows.push(of_nobody(&spend.unknown));
    }
    rows.sort_by_key(|row| Reverse(row.line.weight(&spend.total.monthly)));
    Ok(rows)
}

/// Those for whom most is spent, and what is spent for everybody else.
async fn by_person(api: &Api, spend: &Spend) -> Result<Vec<Row>, Refusal> {
    let mut all: Vec<(&PersonId, &Line)> = spend.by_person.iter().collect();
    all.sort_by_key(|(_, line)| Reverse(line.weight(&spend.total.monthly)));
    let mut others = spend.others.clone();
    // There is room for them, and for those whom nobody knows.
    for (_, line) in all.split_off(all.len().min(MOST - 2)) {
        others.join(line);
    }
    let names = Names::of(api, all.iter().map(|(id, _)| *id)).await?;
    let rows = all.into_iter().map(|(id, line)| Row {
        name: names.get(id),
        to: Some(format!("/console/people/{id}")),
        line: line.clone(),
    });
    let mut rows: Vec<Row> = rows.collect();
    if others.seats > 0 {
        rows.push(Row {
            name: words::EVERYBODY_ELSE.to_owned(),
            to: None,
            line: others,
        });
    }
    Ok(rows)
}

fn of_department((name, line): (&String, &Line)) -> Row {
    let name = if name.is_empty() {
        words::NO_DEPARTMENT.to_owned()
    } else {
        name.clone()
    };
    Row {
        name,
        to: None,
        line: line.clone(),
    }
}

fn of_nobody(line: &Line) -> Row {
    Row {
        name: words::NOBODY.to_owned(),
        to: Some("/console/reports/review".to_owned()),
        line: line.clone(),
    }
}

fn of_app(company: &Company, app: &AppSlug, line: &Line) -> Row {
    let known = company.apps.get(app);
    Row {
        name: known.map_or(app.as_str(), |app| app.label()).to_owned(),
        to: known.map(|_| format!("/console/apps/{app}")),
        line: line.clone(),
    }
}

fn as_csv(of: &str) -> Markup {
    html! { a href={ "/console/spend/csv?of=" (of) } { (words::CSV) span.visually-hidden { " of this table" } } }
}

fn chargeback(rows: &[Row], by: By, total_of_all: &Money) -> Markup {
    let all: Vec<(String, String, bool)> = By::ALL
        .iter()
        .map(|(one, word, name)| {
            let to = format!("/console/spend?by={word}");
            ((*name).to_owned(), to, *one == by)
        })
        .collect();
    let most = rows.iter().map(|row| row.line.weight(total_of_all)).max();
    let most = most.unwrap_or(0);
    html! {
        section aria-labelledby="chargeback" {
            h2 #chargeback { (words::CHARGEBACK) }
            (tabs(words::CHARGEBACK, &all))
            table {
                thead { tr { th scope="col" { "For" } th scope="col" { span.visually-hidden { "Share" } } th.num scope="col" { "Seats" } th.num scope="col" { "A month" } } }
                tbody {
                    @for row in rows.iter().take(MOST) {
                        tr {
                            td { @if let Some(to) = &row.to { a href=(to) { (row.name) } } @else { (row.name) } }
                            td.share { (bar(percent(row.line.weight(total_of_all), most))) }
                            td.num data-label="Seats" { (number(row.line.seats)) }
                            td.num data-label="A month" { (total(&row.line.monthly)) }
                        }
                    }
                }
            }
            p.pager { (as_csv(by.word())) }
        }
    }
}

fn why(sum: &Licence) -> String {
    let noticed = sum.noticed.iter();
    let parts: Vec<String> = noticed
        .map(|(flag, count)| words::noticed_many(flag, *count))
        .collect();
    parts.join(" · ")
}

fn licences(costs: &Costs, company: &Company) -> Markup {
    let apps = costs.licences.by_license.iter();
    let mut all: Vec<(&AppSlug, &String, &Licence)> = apps
        .flat_map(|(app, of_app)| of_app.iter().map(move |(name, sum)| (app, name, sum)))
        .collect();
    all.sort_by_key(|(.., sum)| Reverse(sum.reclaimable));
    html! {
        section aria-labelledby="licences" {
            h2 #licences { (words::LICENCES) }
            table {
                thead { tr {
                    th scope="col" { "Licence" } th scope="col" { span.visually-hidden { "Share in use" } } th.num scope="col" { "In use" }
                    th.num scope="col" { "Could go back" } th.num scope="col" { "Saving a month" } th scope="col" { "Worth a look" }
                } }
                tbody {
                    @for (app, license, sum) in all.iter().take(MOST) {
                        @let in_use = InUse::of(sum, is_read(costs, app));
                        tr {
                            td {
                                a href={ "/console/licences/" (app) "/" (segment(license)) } {
                                    (words::license_name(company.apps.get(*app).map_or(app.as_str(), |app| app.label()), license))
                                }
                            }
                            td.share { @if let Some(one) = in_use.filter(InUse::is_known) { (bar(percent(one.used, one.seats))) } }
                            td.num data-label="In use" { (words::used(sum, in_use.as_ref())) }
                            td.num data-label="Could go back" {
                                (number(sum.reclaimable))
                                @if sum.reclaimable > 0 { " " a href={ "/console/licences/" (app) "/" (segment(license)) } aria-label={ (words::PLAN_SEATS) " " (license) } { (words::PLAN_SEATS) } }
                            }
                            td.num data-label="Saving a month" { @if sum.reclaimable > 0 { (total(&sum.saving)) } }
                            td data-label="Worth a look" { (why(sum)) }
                        }
                    }
                }
            }
            p.pager { (as_csv("licences")) }
        }
    }
}

fn residue(visitor: &Visitor, costs: &Costs) -> Markup {
    let residue = &costs.residue;
    html! {
        section aria-labelledby="residue" {
            h2 #residue { (words::RECLAIM) }
            p { (words::residue(residue.people, &residue.total)) }
            @if residue.total.seats > 0 {
                p.bar {
                    a.button.primary href="/console/spend/residue" { (words::SEE_PLAN) }
                    (as_csv("residue"))
                }
                @if !visitor.may(Scope::Admin) { p.small.muted { (words::CLEARING_NEEDS) } }
            }
        }
    }
}

/// Which table.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Table {
    Department,
    App,
    Person,
    Licences,
    Residue,
    Forecast,
}

/// Which table is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableQuery {
    of: Table,
}

/// A table of the page, whole, as CSV.
pub(super) async fn csv(
    _: Sees,
    State(api): State<Api>,
    Asks(query): Asks<TableQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let costs = reports::costs(&api.ports, now, UNUSED_DAYS).await?;
    Ok(match query.of {
        Table::Department => file("department", spend_rows(&costs.spend, Some("department"))),
        Table::App => file("app", spend_rows(&costs.spend, Some("app"))),
        Table::Person => file("person", spend_rows(&costs.spend, Some("person"))),
        Table::Licences => file("licences", license_rows(&costs.licences)),
        Table::Forecast => file("forecast", forecast_rows(&costs.forecast)),
        Table::Residue => file("residue", seat_rows(&costs.residue.seats)),
    })
}
