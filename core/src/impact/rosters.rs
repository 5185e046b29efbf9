//! What the rosters show of those for whom something would differ: who is there already takes no new seat, and of who is not
//! there any more nothing is taken away (X2). Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::{Application, Money};
use crate::company::Company;
use crate::drift::{Seen, Truth};
use crate::grant::Grant;
use crate::ids::AppSlug;

use super::{Difference, Impact, Turn};

/// Whom the roster of an application shows of a person. Of several users the first of these counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserThere {
    /// Their user, who may use the application: nobody else is made.
    Active,
    /// Their user, who may not.
    Inactive,
    /// A user under the address that effects look for, whom nobody here gave: not taken for theirs before somebody has
    /// looked (L28).
    Unexplained,
    /// A user of theirs whom no effect finds: under another address, or linked to them by hand.
    OtherAddress,
    /// Nobody.
    Absent,
}

/// What the roster of an application shows of a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shown {
    /// Whom.
    pub user: UserThere,
    /// The account whose roster it is.
    pub account: String,
    /// The plan that the user has there, if it is a known one.
    pub plan: Option<String>,
    /// Since when this roster counts.
    pub at: Timestamp,
}

impl Shown {
    /// Does the person have a seat there? Also who may not use the application and still has a plan.
    #[must_use]
    pub fn has_seat(&self) -> bool {
        match self.user {
            UserThere::Active => true,
            UserThere::Inactive => self.plan.is_some(),
            UserThere::Unexplained | UserThere::OtherAddress | UserThere::Absent => false,
        }
    }
}

/// What the rosters show of a person in one application; none where no roster tells: none is read, or none was read since
/// something changed here. `company` is the one with the changed files: they say what is which plan, and whose roster counts.
#[must_use]
pub fn shown(
    app: &AppSlug,
    grant: Option<&Grant>,
    seen: &[Seen],
    truths: &[Truth],
    company: &Company,
) -> Option<Shown> {
    let of_app = || truths.iter().filter(|truth| truth.app == *app);
    let is_old = |truth: &Truth| grant.is_some_and(|grant| truth.from <= grant.changed_at);
    let first = of_app().next()?;
    if of_app().any(is_old) {
        return None;
    }
    let file = company.apps.get(app);
    let counts = |seen: &&Seen| of_app().any(|truth| truth.account == seen.account);
    let users = seen.iter().filter(counts);
    let users = users.map(|seen| (whom(seen, grant, file), seen));
    Some(match users.min_by_key(|(user, _)| *user) {
        Some((user, seen)) => Shown {
            user,
            account: seen.account.clone(),
            plan: seen.plan(file),
            at: seen.at,
        },
        None => Shown {
            user: UserThere::Absent,
            account: first.account.clone(),
            plan: None,
            at: first.at,
        },
    })
}

/// Whose user is it, as far as effects go? They look by the id that is kept and by one address; a human looks by any.
fn whom(seen: &Seen, grant: Option<&Grant>, app: Option<&Application>) -> UserThere {
    let is_manual = app.is_none_or(Application::is_manual);
    let identifies = app.is_some_and(Application::identifies_people);
    let is_kept = grant
        .and_then(|grant| grant.external_id.as_ref())
        .is_some_and(|id| id.as_str() == seen.face.user.external_id);
    let is_ours = grant.is_some_and(|grant| grant.creation_intended || grant.from_roster);
    let is_elsewhere = seen.linked || seen.at_work == identifies;
    if !is_manual && !is_kept && is_elsewhere {
        return UserThere::OtherAddress;
    }
    if !is_manual && !is_kept && !identifies && !is_ours {
        return UserThere::Unexplained;
    }
    if seen.is_active() {
        UserThere::Active
    } else {
        UserThere::Inactive
    }
}

/// What the rosters make of the first differences of a plan.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct ByRosters {
    /// How many people were looked up.
    pub people: usize,
    /// How many differences that were: the first ones of those that are listed.
    pub looked_up: usize,
    /// Gained, and nobody is there: a new seat each.
    pub new: u64,
    /// Gained by who has a seat there already.
    pub there: u64,
    /// Lost by who has a seat there.
    pub freed: u64,
    /// Lost by who has none there any more.
    pub gone: u64,
    /// Gained or lost, and nobody can tell: no roster does, or it shows a user whom no effect touches.
    pub unclear: u64,
    /// What of the sum of money does not move: the plan is there already, or nobody has it any more.
    pub unmoved: Money,
}

impl ByRosters {
    fn add(&mut self, difference: &Difference) {
        let user = difference.shown.as_ref().map(|shown| shown.user);
        let seat = difference.shown.as_ref().is_some_and(Shown::has_seat);
        let number = match (difference.turn, user) {
            (Turn::Changes, _) => None,
            (_, None | Some(UserThere::Unexplained))
            | (Turn::Loses, Some(UserThere::OtherAddress)) => Some(&mut self.unclear),
            (Turn::Gains, _) if seat => Some(&mut self.there),
            (Turn::Gains, _) => Some(&mut self.new),
            (Turn::Loses, _) if seat => Some(&mut self.freed),
            (Turn::Loses, _) => Some(&mut self.gone),
        };
        if let Some(number) = number {
            *number = number.saturating_add(1);
        }
        if difference.moves_no_money() {
            self.unmoved.join(&difference.monthly);
        }
    }
}

impl Difference {
    /// Does the roster show that it costs and saves nothing? What it does not show counts as planned.
    fn moves_no_money(&self) -> bool {
        let Some(shown) = &self.shown else {
            return false;
        };
        match self.turn {
            Turn::Gains | Turn::Changes => {
                let wanted = self.after.as_ref().and_then(|after| after.plan.as_ref());
                shown.has_seat() && wanted.is_some() && shown.plan.as_ref() == wanted
            }
            Turn::Loses => {
                let can_tell = matches!(shown.user, UserThere::Inactive | UserThere::Absent);
                can_tell && !shown.has_seat()
            }
        }
    }
}

impl Impact {
    /// What differs for the next person who was not looked up in the rosters; nothing if all who are listed were.
    #[must_use]
    pub fn next_to_look_up(&self) -> &[Difference] {
        let rest = self.listed.get(self.by_rosters.looked_up..);
        let mut people = rest
            .unwrap_or_default()
            .chunk_by(|one, other| one.person == other.person);
        people.next().unwrap_or_default()
    }

    /// Takes in what the rosters show of the next person, one for each difference.
    pub fn look_up(&mut self, shown: Vec<Option<Shown>>) {
        let rosters = &mut self.by_rosters;
        rosters.people = rosters.people.saturating_add(1);
        let rest = self.listed.iter_mut().skip(rosters.looked_up);
        for (difference, shown) in rest.zip(shown) {
            difference.shown = shown;
            rosters.looked_up = rosters.looked_up.saturating_add(1);
            rosters.add(difference);
        }
    }

    /// How many differences were not looked up in the rosters.
    #[must_use]
    pub fn not_looked_up(&self) -> u64 {
        let looked_up = u64::try_from(self.by_rosters.looked_up).unwrap_or(u64::MAX);
        self.all.sum().saturating_sub(looked_up)
    }

    /// What it costs more a month without what the rosters show to cost and save nothing.
    #[must_use]
    pub fn monthly_by_rosters(&self) -> Money {
        let mut monthly = self.monthly.clone();
        monthly.less(&self.by_rosters.unmoved);
        monthly
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::{ConfigItem, ConfigKind};
    use crate::grant::{Entitlement, GrantState};
    use crate::ids::{ExternalId, PersonId, RosterId, Slug};

    fn at(day: u8) -> Timestamp {
        format!("2027-01-{day:02}T08:00:00Z").parse().unwrap()
    }

    fn figma() -> AppSlug {
        Slug::parse("figma").unwrap()
    }

    fn on(plan: &str) -> Entitlement {
        Entitlement {
            plan: Some(plan.to_owned()),
            ..Entitlement::default()
        }
    }

    /// Figma, whose users are looked up by this.
    fn company(user_name: &str) -> Company {
        let file = json!({ "app": "figma",
            "plans": [{ "id": "free" }, { "id": "pro", "name": "Professional" }],
            "provisioner": { "type": "scim", "base_url": "https://figma.example/scim",
                "auth": { "type": "bearer" }, "user": { "userName": user_name } } });
        of(file)
    }

    fn of(file: Value) -> Company {
        let app = ConfigItem {
            kind: ConfigKind::App,
            id: figma(),
            file,
            changed_at: at(1),
        };
        Company::load(&[app]).unwrap()
    }

    fn user(id: &str, active: bool, at_work: bool) -> Seen {
        let user = json!({ "external_id": id, "email": null, "username": null, "full_name": null, "role": null,
            "created_at": null, "last_visit_at": null, "active": active, "status": null,
            "licenses": ["Professional"], "custom_fields": {} });
        let face = json!({ "user": user, "sync": 1, "at": at(10) });
        Seen {
            app: figma(),
            roster: RosterId::derived(&["figma"]),
            account: "figma/prod".to_owned(),
            face: serde_json::from_value(face).unwrap(),
            at_work,
            linked: false,
            from: at(10),
            at: at(10),
        }
    }

    fn truth() -> Truth {
        Truth {
            app: figma(),
            account: "figma/prod".to_owned(),
            from: at(10),
            at: at(10),
        }
    }

    /// A grant that was revoked on this day, and keeps the id of user 7.
    fn grant(day: u8) -> Grant {
        let person = PersonId::derived(&["ada"]);
        Grant {
            state: GrantState::Revoked,
            external_id: Some(ExternalId::try_from("7".to_owned()).unwrap()),
            changed_at: at(day),
            ..Grant::desired(&person, &figma(), on("pro"), at(day))
        }
    }

    fn found(company: &Company, grant: Option<&Grant>, seen: &[Seen]) -> Option<UserThere> {
        let shown = shown(&figma(), grant, seen, &[truth()], company);
        shown.map(|shown| shown.user)
    }

    #[test]
    fn whose_user_it_is_goes_by_what_effects_would_find() {
        let by_work = company("{work_email}");
        let by_person = company("{personal_email}");
        let by_hand = of(json!({ "app": "figma" }));
        let check = |company: &Company, grant: Option<&Grant>, seen: Seen, expect: UserThere| {
            let seen = [seen];
            assert_eq!(found(company, grant, &seen), Some(expect), "{seen:?}");
        };
        let known = grant(1);

        check(
            &by_work,
            Some(&known),
            user("7", true, true),
            UserThere::Active,
        );
        check(
            &by_work,
            Some(&known),
            user("7", false, true),
            UserThere::Inactive,
        );
        check(
            &by_work,
            Some(&known),
            user("8", true, true),
            UserThere::Unexplained,
        );
        check(
            &by_work,
            None,
            user("8", true, true),
            UserThere::Unexplained,
        );
        check(
            &by_work,
            None,
            user("8", true, false),
            UserThere::OtherAddress,
        );
        check(&by_person, None, user("8", true, false), UserThere::Active);
        check(
            &by_person,
            None,
            user("8", true, true),
            UserThere::OtherAddress,
        );
        let linked = Seen {
            linked: true,
            ..user("8", true, false)
        };
        check(&by_person, None, linked.clone(), UserThere::OtherAddress);
        check(&by_hand, None, linked, UserThere::Active);
        check(&by_hand, None, user("8", true, true), UserThere::Active);
        check(&by_hand, None, user("8", true, false), UserThere::Active);
        assert_eq!(found(&by_work, None, &[]), Some(UserThere::Absent));
    }

    #[test]
    fn a_roster_that_is_older_than_what_was_done_here_tells_nothing() {
        let company = company("{work_email}");
        let seen = [user("7", true, true)];

        assert_eq!(found(&company, Some(&grant(10)), &seen), None);
        assert_eq!(
            found(&company, Some(&grant(9)), &seen),
            Some(UserThere::Active)
        );
        assert_eq!(shown(&figma(), None, &seen, &[], &company), None);
    }

    #[test]
    fn of_several_users_the_one_whom_effects_find_counts_with_their_plan() {
        let company = company("{work_email}");
        let seen = [user("8", true, false), user("7", true, true)];

        let shown = shown(&figma(), Some(&grant(1)), &seen, &[truth()], &company).unwrap();

        assert_eq!(shown.user, UserThere::Active);
        assert_eq!(shown.plan.as_deref(), Some("pro"));
        assert_eq!(shown.account, "figma/prod");
        assert_eq!(shown.at, at(10));
    }

    /// A difference that costs or saves 15 dollars, and what the roster shows of it.
    fn difference(person: &str, turn: Turn) -> Difference {
        let cents = if turn == Turn::Loses { -1500 } else { 1500 };
        Difference {
            person: PersonId::derived(&[person]),
            app: figma(),
            turn,
            less: false,
            before: (turn != Turn::Gains).then(|| on("free")),
            after: (turn != Turn::Loses).then(|| on("pro")),
            policies: Vec::new(),
            monthly: Money([("USD".to_owned(), cents)].into()),
            shown: None,
        }
    }

    fn there(user: UserThere, plan: Option<&str>) -> Option<Shown> {
        Some(Shown {
            user,
            account: "figma/prod".to_owned(),
            plan: plan.map(str::to_owned),
            at: at(10),
        })
    }

    /// `[new, there, freed, gone, unclear]`, and what does not move.
    fn made(turn: Turn, shown: Option<Shown>) -> ([u64; 5], i64) {
        let mut impact = Impact::default();
        impact.add(vec![difference("ada", turn)]);
        impact.look_up(vec![shown]);
        let rosters = &impact.by_rosters;
        let seats = [
            rosters.new,
            rosters.there,
            rosters.freed,
            rosters.gone,
            rosters.unclear,
        ];
        (seats, impact.monthly_by_rosters().0["USD"])
    }

    #[test]
    fn a_seat_is_new_only_where_nobody_has_it_and_free_only_where_somebody_has() {
        use UserThere::{Absent, Active, Inactive, OtherAddress, Unexplained};
        let pro = Some("pro");
        let gains = [
            (there(Active, pro), ([0, 1, 0, 0, 0], 0)),
            (there(Active, Some("free")), ([0, 1, 0, 0, 0], 1500)),
            (there(Active, None), ([0, 1, 0, 0, 0], 1500)),
            (there(Inactive, pro), ([0, 1, 0, 0, 0], 0)),
            (there(Inactive, None), ([1, 0, 0, 0, 0], 1500)),
            (there(OtherAddress, pro), ([1, 0, 0, 0, 0], 1500)),
            (there(Absent, None), ([1, 0, 0, 0, 0], 1500)),
            (there(Unexplained, pro), ([0, 0, 0, 0, 1], 1500)),
            (None, ([0, 0, 0, 0, 1], 1500)),
        ];
        let losses = [
            (there(Active, None), ([0, 0, 1, 0, 0], -1500)),
            (there(Inactive, pro), ([0, 0, 1, 0, 0], -1500)),
            (there(Inactive, None), ([0, 0, 0, 1, 0], 0)),
            (there(Absent, None), ([0, 0, 0, 1, 0], 0)),
            (there(OtherAddress, pro), ([0, 0, 0, 0, 1], -1500)),
            (there(Unexplained, pro), ([0, 0, 0, 0, 1], -1500)),
            (None, ([0, 0, 0, 0, 1], -1500)),
        ];

        for (shown, expect) in gains {
            assert_eq!(made(Turn::Gains, shown.clone()), expect, "{shown:?}");
        }
        for (shown, expect) in losses {
            assert_eq!(made(Turn::Loses, shown.clone()), expect, "{shown:?}");
        }
        let changed = made(Turn::Changes, there(Active, pro));
        assert_eq!(changed, ([0; 5], 0), "the plan is there already");
    }

    #[test]
    fn people_are_looked_up_one_after_the_other_and_the_hash_stays() {
        let mut impact = Impact::default();
        let of_ada = vec![
            difference("ada", Turn::Gains),
            difference("ada", Turn::Loses),
        ];
        impact.add(of_ada.clone());
        impact.add(vec![difference("bo", Turn::Gains)]);
        let digest = impact.digest.clone();

        assert_eq!(impact.next_to_look_up(), of_ada);
        assert_eq!(impact.not_looked_up(), 3);
        impact.look_up(vec![None, there(UserThere::Absent, None)]);
        assert_eq!(impact.next_to_look_up(), [difference("bo", Turn::Gains)]);
        assert_eq!(impact.not_looked_up(), 1);
        impact.look_up(vec![None]);

        assert_eq!(impact.next_to_look_up(), []);
        assert_eq!(impact.not_looked_up(), 0);
        assert_eq!(impact.by_rosters.people, 2);
        assert_eq!(impact.digest, digest);
        assert_eq!(impact.listed[1].shown, there(UserThere::Absent, None));
    }
}
