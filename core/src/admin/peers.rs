//! How many of those who work with somebody have what is asked for them.

use crate::grant::Grant;
use crate::ids::AppSlug;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::store::{Key, PageRequest};

use super::AdminError;
use super::named::{of_department, owners};

/// So many of a department are looked at: whoever became known last.
pub const MOST: usize = 100;

/// How many of some people have it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Share {
    /// Who have it.
    pub have: usize,
    /// All of them.
    pub all: usize,
}

impl Share {
    fn add(&mut self, has: bool) {
        self.have = self.have.saturating_add(usize::from(has));
        self.all = self.all.saturating_add(1);
    }
}

/// Others of a department who are here now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peers {
    /// The department.
    pub department: String,
    /// Its people.
    pub of_department: Share,
    /// The title, if there is one.
    pub title: Option<String>,
    /// Those of them who have the same one.
    pub of_title: Share,
    /// Who were here before and have nothing through Sando yet: of them nothing is known, and they are not counted.
    pub left_out: usize,
    /// There are more of the department than were looked at.
    pub is_cut: bool,
}

/// How many of a person's department, and of them with the same title, have something in an application, on this plan if one
/// is named. None without a department, or while its people are not listed.
///
/// # Errors
/// If the store cannot be read.
pub async fn of(
    ports: &Ports,
    person: &Person,
    app: &AppSlug,
    plan: Option<&str>,
) -> Result<Option<Peers>, AdminError> {
    let Some(department) = person.text("department") else {
        return Ok(None);
    };
    let Some(query) = of_department(ports, department).await? else {
        return Ok(None);
    };
    let page = PageRequest {
        limit: MOST,
        cursor: None,
    };
    let words = ports.store.list(&query, &page).await?;
    let mut peers = Peers {
        department: department.to_owned(),
        of_department: Share::default(),
        title: person.text("title").map(str::to_owned),
        of_title: Share::default(),
        left_out: 0,
        is_cut: words.next.is_some(),
    };
    let mut others: Vec<Person> = Vec::new();
    for stored in owners(ports, words).await?.items {
        let other = stored.read::<Person>()?.entity;
        let is_here = matches!(other.state, Lifecycle::Active | Lifecycle::Leaving);
        if is_here && other.id != person.id {
            others.push(other);
        }
    }
    let grants = others.iter();
    let grants = grants.map(|one| Key::Grant(one.id.clone(), Grant::id_for(&one.id, app)));
    let grants: Vec<Key> = grants.collect();
    let grants = ports.store.get_all(&grants).await?;
    for (other, stored) in others.iter().zip(grants) {
        let grant = stored.map(|stored| stored.read::<Grant>()).transpose()?;
        let has = grant.is_some_and(|grant| is_it(&grant.entity, plan));
        if other.baselined && !has {
            peers.left_out = peers.left_out.saturating_add(1);
            continue;
        }
        peers.of_department.add(has);
        if peers.title.is_some() && other.text("title") == peers.title.as_deref() {
            peers.of_title.add(has);
        }
    }
    Ok(Some(peers))
}

fn is_it(grant: &Grant, plan: Option<&str>) -> bool {
    let held = grant.held.as_ref();
    let held = held.and_then(|held| held.plan.as_deref());
    grant.counts_as_held() && (plan.is_none() || plan == held)
}
