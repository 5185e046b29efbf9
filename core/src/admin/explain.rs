//! Why somebody is due an application, or not: every policy as it meets them, condition by condition (X11).

use jiff::Timestamp;

use crate::access::Due;
use crate::company::Company;
use crate::condition::{Explained, Missing, Truth, Why};
use crate::grant::Grant;
use crate::ids::{AppSlug, PersonId, Slug};
use crate::person::Person;
use crate::policy::{Policy, PolicyGrant};
use crate::ports::Ports;

use super::AdminError;
use super::access::{self, Access};

/// A policy as it meets a person.
#[derive(Clone, Debug)]
pub struct Met<'a> {
    /// Which.
    pub policy: &'a Policy,
    /// Whether it is for them, and why.
    pub when: Explained,
    /// Its grants, in the order of the file.
    pub grants: Vec<MetGrant<'a>>,
}

/// A grant of a policy as it meets a person.
#[derive(Clone, Debug)]
pub struct MetGrant<'a> {
    /// Which.
    pub grant: &'a PolicyGrant,
    /// Its place in the policy.
    pub place: usize,
    /// Whether its own conditions hold, and why.
    pub when: Explained,
    /// Whether it gives: the policy's conditions hold, and its own.
    pub gives: Truth,
}

/// Every policy as it meets a person: what [`access::desired`](crate::access::desired) goes by, with the reasons.
#[must_use]
pub fn policies<'a>(person: &Person, company: &'a Company, now: Timestamp) -> Vec<Met<'a>> {
    let input = person.for_conditions();
    let meet = |policy: &'a Policy| {
        let when = policy.when.evaluate(&input, Missing::IsUnknown, now);
        let meet = |(place, grant): (usize, &'a PolicyGrant)| {
            let own = grant.when.evaluate(&input, Missing::IsUnknown, now);
            MetGrant {
                grant,
                place,
                gives: when.truth.and(own.truth),
                when: own,
            }
        };
        let grants = policy.grants.iter().enumerate().map(meet).collect();
        Met {
            policy,
            when,
            grants,
        }
    };
    company.policies.values().map(meet).collect()
}

/// How somebody stands towards an application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// A policy gives it.
    Due,
    /// No policy gives it, but they keep what they had.
    Kept,
    /// Nothing gives it.
    NotDue,
    /// A condition decides over an attribute that is missing or unknown: nothing is given or taken.
    Unknown,
    /// They are in a state in which nothing is due to anybody.
    NothingIsDue,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Kept => "kept",
            Self::NotDue => "not_due",
            Self::Unknown => "unknown",
            Self::NothingIsDue => "nothing_is_due",
        }
    }
}

/// Why somebody is due one application, or not.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Which.
    pub app: AppSlug,
    /// All of their access, with whose it is and the configuration it follows from.
    pub access: Access,
    now: Timestamp,
}

/// Explains one application to whoever asks about a person; changes nothing.
///
/// # Errors
/// `NotFound` without the person, and for an application of which nothing is known.
pub async fn of(
    ports: &Ports,
    id: &PersonId,
    app: AppSlug,
    now: Timestamp,
) -> Result<Explanation, AdminError> {
    let access = access::of(ports, id, now).await?;
    let explanation = Explanation { app, access, now };
    let is_known = explanation
        .access
        .company
        .apps
        .contains_key(&explanation.app);
    if !is_known && explanation.actual().is_none() && explanation.policies().is_empty() {
        return Err(AdminError::NotFound("application"));
    }
    Ok(explanation)
}

impl Explanation {
    /// How the person stands towards the application.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let desired = &self.access.desired;
        match desired.due.get(&self.app) {
            _ if !self.access.person.state.may_receive() => Verdict::NothingIsDue,
            Some(due) if due.policies.is_empty() => Verdict::Kept,
            Some(_) => Verdict::Due,
            None if desired.unknown.contains(&self.app) => Verdict::Unknown,
            None => Verdict::NotDue,
        }
    }

    /// What is due.
    #[must_use]
    pub fn due(&self) -> Option<&Due> {
        self.access.desired.due.get(&self.app)
    }

    /// What there is, or was.
    #[must_use]
    pub fn actual(&self) -> Option<&Grant> {
        let mut grants = self.access.actual.iter();
        grants.find(|grant| grant.app == self.app)
    }

    /// The policies that would give the application, with those of their grants that do.
    #[must_use]
    pub fn policies(&self) -> Vec<Met<'_>> {
        let Access {
            person, company, ..
        } = &self.access;
        let mut all = policies(person, company, self.now);
        for met in &mut all {
            met.grants.retain(|met| met.grant.app == self.app);
        }
        all.retain(|met| !met.grants.is_empty());
        all
    }

    /// The verdict in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let met = self.policies();
        match self.verdict() {
            Verdict::Due => {
                let policies = self.due().map(|due| due.policies.as_slice());
                let mut names: Vec<&str> = policies
                    .unwrap_or_default()
                    .iter()
                    .map(Slug::as_str)
                    .collect();
                // Two grants of one policy may give the same application.
                names.dedup();
                format!("it is due by policy {}", names.join(", "))
            }
            Verdict::Kept => "no policy gives it: they keep what they had".to_owned(),
            Verdict::NothingIsDue => {
                let why = self.access.person.state.sentence();
                format!("{why}: nothing is due")
            }
            Verdict::NotDue if met.is_empty() => "no policy gives it to anybody".to_owned(),
            Verdict::NotDue => "no policy that gives it matches".to_owned(),
            Verdict::Unknown => format!(
                "nobody can tell, so nothing is given or taken: no value is known of {}",
                unknown(&met).join(", ")
            ),
        }
    }
}

/// The paths whose values leave it open whether something is given.
fn unknown(met: &[Met<'_>]) -> Vec<String> {
    let open = |why: &&Why| why.truth == Truth::Unknown;
    let mut paths = Vec::new();
    for met in met {
        for grant in met.grants.iter().filter(|met| met.gives == Truth::Unknown) {
            let both = met.when.why.iter().chain(&grant.when.why);
            paths.extend(both.filter(open).map(|why| why.path.clone()));
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::access::desired;
    use crate::config::ConfigKind;
    use crate::grant::Entitlement;
    use crate::impact::{FileChange, changed};
    use crate::person::Lifecycle;
    use crate::testing::a_person;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn file(kind: ConfigKind, id: &str, file: Value) -> FileChange {
        FileChange {
            kind,
            id: Slug::parse(id).unwrap(),
            file: Some(file),
        }
    }

    /// Figma is for engineers, its second grant for those in Oslo; the wiki is for everybody.
    fn company() -> Company {
        let makers = json!({
            "policy": "makers",
            "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
            "grants": [
                { "app": "figma", "plan": "basic" },
                { "app": "figma", "plan": "pro", "when": [{ "path": "office", "op": "is", "value": "Oslo" }] },
                { "app": "ci", "when": [{ "path": "office", "op": "is", "value": "Oslo" }] },
            ],
        });
        let everybody = json!({ "policy": "everybody", "grants": [{ "app": "wiki" }] });
        let plans = json!([{ "id": "basic" }, { "id": "pro" }]);
        let app = |app: &str| json!({ "app": app, "plans": plans });
        let mut changes: Vec<FileChange> = ["figma", "ci", "wiki", "crm"]
            .map(|slug| file(ConfigKind::App, slug, app(slug)))
            .into();
        changes.push(file(ConfigKind::Policy, "makers", makers));
        changes.push(file(ConfigKind::Policy, "everybody", everybody));
        changed(&[], &changes, NOW).unwrap()
    }

    fn explained(person: Person, app: &str) -> Explanation {
        let company = company();
        Explanation {
            app: AppSlug::parse(app).unwrap(),
            access: Access {
                desired: desired(&person, &company, NOW),
                person,
                actual: Vec::new(),
                plan: Vec::new(),
                drift: Vec::new(),
                company,
            },
            now: NOW,
        }
    }

    #[track_caller]
    fn check(person: Person, app: &str, verdict: Verdict, sentence: &str) {
        let explained = explained(person, app);

        assert_eq!(explained.verdict(), verdict);
        assert_eq!(explained.sentence(), sentence);
    }

    #[test]
    fn what_is_due_and_what_not_is_said_with_its_reason() {
        let ada = || a_person().build();
        let in_sales = || a_person().with("department", "Sales").build();
        let in_oslo = a_person().with("office", "Oslo").build();
        let left = a_person().in_state(Lifecycle::Left).build();
        let open = "nobody can tell, so nothing is given or taken: no value is known of office";
        let no_match = "no policy that gives it matches";
        let due = "it is due by policy makers";

        check(ada(), "figma", Verdict::Due, due);
        check(in_oslo, "figma", Verdict::Due, due);
        check(in_sales(), "figma", Verdict::NotDue, no_match);
        check(ada(), "ci", Verdict::Unknown, open);
        check(in_sales(), "ci", Verdict::NotDue, no_match);
        let nobody = "no policy gives it to anybody";
        check(ada(), "crm", Verdict::NotDue, nobody);
        let nothing = "the person has left: nothing is due";
        check(left, "wiki", Verdict::NothingIsDue, nothing);
    }

    #[test]
    fn what_somebody_keeps_needs_no_policy() {
        let mut ada = a_person().build();
        let crm = AppSlug::parse("crm").unwrap();
        ada.kept.insert(crm, Entitlement::default());

        let sentence = "no policy gives it: they keep what they had";
        check(ada, "crm", Verdict::Kept, sentence);
    }

    #[test]
    fn only_the_grants_of_the_application_are_shown_with_what_was_found() {
        let explained = explained(a_person().build(), "figma");

        let met = explained.policies();

        let [makers] = met.as_slice() else {
            panic!("one policy, not {met:?}");
        };
        assert_eq!(makers.when.truth, Truth::True);
        assert_eq!(makers.when.why[0].path, "department");
        assert_eq!(makers.when.why[0].found, Some(json!("Engineering")));
        let gives: Vec<Truth> = makers.grants.iter().map(|met| met.gives).collect();
        assert_eq!(gives, [Truth::True, Truth::Unknown]);
        assert_eq!(makers.grants[1].when.why[0].found, None);
    }

    #[test]
    fn what_explains_and_what_decides_never_differ() {
        let company = company();
        for department in ["Engineering", "Sales", ""] {
            for office in ["Oslo", "Bergen", ""] {
                let person = a_person().with("department", department);
                let person = person.with("office", office).build();
                let decided = desired(&person, &company, NOW);
                let all = policies(&person, &company, NOW);
                for app in company.apps.keys() {
                    let grants = all.iter().flat_map(|met| &met.grants);
                    let of_app: Vec<Truth> = grants
                        .filter(|met| met.grant.app == *app)
                        .map(|met| met.gives)
                        .collect();
                    let place = format!("{app} {department:?} {office:?}");
                    let gives = of_app.contains(&Truth::True);
                    assert_eq!(decided.due.contains_key(app), gives, "{place}");
                    let open = of_app.contains(&Truth::Unknown);
                    assert_eq!(decided.unknown.contains(app), open, "{place}");
                }
            }
        }
    }
}
