//! Where every page is: the addresses of the console's own list, with what the bench made in place of their parameters.

use crate::furnish::Furnished;

/// How often a page is fetched after it was fetched once; one that takes seconds less often.
const ROUNDS: usize = 7;
const LONG_ROUNDS: usize = 2;

/// A page to be fetched.
pub(crate) struct Place {
    /// Its address.
    pub(crate) path: String,
    /// How often.
    pub(crate) rounds: usize,
}

impl Place {
    fn at(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            rounds: ROUNDS,
        }
    }
}

/// Every page, and those that are narrowed or turned to another part.
pub(crate) fn places(found: &Furnished) -> Vec<Place> {
    let all = sando_admin::console_pages();
    let all = all
        .into_iter()
        .map(|pattern| Place::at(filled(pattern, found)));
    let person = &found.person;
    let more = [
        format!("/console/people/{person}?only=access"),
        format!("/console/audit?stream=person/{person}"),
    ];
    let more = more.into_iter().chain(
        [
            "/console/accounts/acme/prod",
            "/console/find?q=acme",
            "/console/find?q=nobody+of+this+name",
            "/console/find?q=number19",
            "/console/people?q=nobody+of+this+name",
            "/console/people?q=number19",
            "/console/accounts/design/prod/users?q=nobody+of+this+name",
            "/console/people?state=left",
            "/console/people?department=Department+7",
            "/console/people?department=Department+7&state=left",
            "/console/people?within=14",
            "/console/people?app=design",
            "/console/people?app=design&state=left",
            "/console/people?app=design&department=Department+7",
            "/console/people?app=design&q=number19",
            "/console/people?drift=1",
            "/console/people?drift=1&app=design",
            "/console/reports/review?only=all",
            "/console/runs?state=running",
            "/console/spend?by=app",
            "/console/spend?by=person",
        ]
        .map(str::to_owned),
    );
    all.chain(more.map(Place::at)).collect()
}

/// What reads every roster to its end before it answers.
pub(crate) fn walks() -> Vec<Place> {
    let all = [
        "/console/spend?now=true",
        "/console/spend/residue?now=true",
        "/console/licences/design/pro?now=true",
        "/console/licences/design/pro/csv",
        "/console/spend/csv?of=department",
        "/console/spend/csv?of=residue",
        "/v1/reports/licenses",
        "/v1/reports/spend",
        "/v1/reports/residue",
        "/v1/reports/forecast",
    ];
    let long = |path: &str| Place {
        rounds: LONG_ROUNDS,
        ..Place::at(path)
    };
    all.into_iter().map(long).collect()
}

/// An address with what there is in place of its parameters.
fn filled(pattern: &str, found: &Furnished) -> String {
    let made = |id: Option<String>| id.unwrap_or_else(|| "nothing-was-made".to_owned());
    let of_who_left = pattern.ends_with("/reinstate") || pattern.ends_with("/erase");
    let begins = |with: &str| pattern.starts_with(with);
    let id = if begins("/approvals/") {
        made(found.approval.as_ref().map(ToString::to_string))
    } else if begins("/console/runs/") {
        made(found.run.as_ref().map(ToString::to_string))
    } else if begins("/console/tasks/") {
        made(found.task.as_ref().map(ToString::to_string))
    } else if begins("/console/events/") {
        made(found.event.as_ref().map(ToString::to_string))
    } else if begins("/console/jobs/") {
        found.job.to_string()
    } else if pattern.contains("/syncs/") {
        "syn_1".to_owned()
    } else if begins("/console/people/") && of_who_left {
        found.left.to_string()
    } else if begins("/console/people/") {
        found.person.to_string()
    } else if begins("/console/integrations/") || begins("/console/builder/") {
        "acme".to_owned()
    } else if begins("/console/apps/") {
        "vault".to_owned()
    } else {
        "department-7".to_owned()
    };
    let is_read = ["/held", "/credentials", "/syncs/{id}"];
    let is_read = is_read.iter().any(|end| pattern.ends_with(end));
    let (definition, name) = if is_read || begins("/console/connect/") {
        ("acme", "prod")
    } else {
        ("design", "prod")
    };
    pattern
        .replace("{id}", &id)
        .replace("{definition}", definition)
        .replace("{name}", name)
        .replace("{external_id}", "7")
        .replace("builder/acme/{step}", "builder/acme/fields")
        .replace("new/{kind}", "new/policies?id=makers")
        .replace("{kind}", "policies")
        .replace("{app}/{plan}", "design/pro")
        .replace("{*place}", "config/1")
}
