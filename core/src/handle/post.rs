//! Delivers letters: whoever finds one due takes all that wait, and sends each person one message.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::approval::{Approval, ApprovalState};
use crate::company::Company;
use crate::ids::EffectKey;
use crate::letter::{About, Letter, LetterState, Post};
use crate::ports::{Notification, Ports, RemoteError};
use crate::store::{Commit, Entity, Key, Loaded, PageRequest, Put, Query, StoreError, Version};
use crate::task::{Task, TaskState};

use super::{HandleError, approval, lease_from, leaving, load, sync};

/// How many letters are taken at once.
const MOST: usize = 200;
/// How many messages are sent in one go: the others come due by themselves.
const BOXES: usize = 20;
/// How many lines one message has.
pub(super) const LINES: usize = 20;
/// How many approvals are told of at length.
const AT_LENGTH: usize = 3;
/// How often a letter is read again because it moved in between.
const TRIES: u32 = 5;

/// Delivers everything that waits.
///
/// # Errors
/// If the store did not do it; letters stay due.
pub async fn deliver(ports: &Ports, claimed: Loaded<Letter>) -> Result<(), HandleError> {
    let now = ports.clock.now();
    let id = claimed.entity.id;
    if claimed.entity.state != LetterState::Waiting {
        return settle(ports, &id, |_| {}).await;
    }
    let stored = ports.store.find::<Post>(&Key::Post).await?;
    let (mut post, version) = stored.map_or_else(
        || (Post::default(), Version::ABSENT),
        |stored| (stored.entity, stored.version),
    );
    if let Some(until) = post.busy_until.filter(|until| *until > now) {
        return settle(ports, &id, |letter| letter.put_off(until)).await;
    }
    post.busy_until = Some(lease_from(now));
    write(ports, &post, version).await?;
    let mut boxes: BTreeMap<(String, &'static str), Vec<Letter>> = BTreeMap::new();
    for letter in waiting(ports, &id).await? {
        boxes.entry(letter.box_of()).or_default().push(letter);
    }
    for ((to, kind), letters) in boxes.into_iter().take(BOXES) {
        if let Some(at) = post.not_before(&to, kind, now) {
            for letter in &letters {
                settle(ports, &letter.id, |letter| letter.put_off(at)).await?;
            }
            continue;
        }
        match tell(ports, &to, &letters).await? {
            Told::Nothing => end(ports, &letters, LetterState::Gone).await?,
            Told::Sent => {
                post.told(&to, kind, now);
                end(ports, &letters, LetterState::Told).await?;
            }
            Told::Failed(error) => {
                tracing::warn!(%error, "a message could not be delivered and is tried again");
                for letter in &letters {
                    settle(ports, &letter.id, |letter| letter.came_back(now)).await?;
                }
            }
        }
    }
    post.busy_until = None;
    write(ports, &post, version.next()).await
}

async fn write<E: Entity>(ports: &Ports, entity: &E, over: Version) -> Result<(), HandleError> {
    let commit = Commit {
        puts: vec![Put::of(entity, over)],
        ..Commit::default()
    };
    Ok(ports.store.commit(&commit).await?)
}

async fn end(ports: &Ports, letters: &[Letter], state: LetterState) -> Result<(), HandleError> {
    for letter in letters {
        settle(ports, &letter.id, |letter| letter.end(state)).await?;
    }
    Ok(())
}

/// Changes a letter that may be in somebody else's hands at the moment.
async fn settle(
    ports: &Ports,
    id: &EffectKey,
    change: impl Fn(&mut Letter) + Send,
) -> Result<(), HandleError> {
    let mut tries = 0;
    loop {
        let stored = ports.store.find::<Letter>(&Key::Letter(id.clone())).await?;
        let Some(mut letter) = stored else {
            return Ok(());
        };
        if letter.entity.state == LetterState::Waiting {
            change(&mut letter.entity);
        }
        match write(ports, &letter.entity, letter.version).await {
            Err(HandleError::Store(StoreError::Conflict { .. })) if tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

/// Everything that waits and may go out, the one in hand first.
async fn waiting(ports: &Ports, claimed: &EffectKey) -> Result<Vec<Letter>, HandleError> {
    let query = Query::States {
        kind: Letter::KIND,
        states: vec![LetterState::Waiting.as_str()],
    };
    let page = PageRequest {
        limit: MOST,
        cursor: None,
    };
    let key = Key::Letter(claimed.clone());
    let mine = ports.store.find::<Letter>(&key).await?;
    let mut found: Vec<Letter> = mine.into_iter().map(|mine| mine.entity).collect();
    for stored in ports.store.list(&query, &page).await?.items {
        let letter: Loaded<Letter> = stored.read()?;
        let waits = letter.entity.state == LetterState::Waiting;
        // What came back waits for its own time.
        if waits && letter.entity.tries == 0 && letter.entity.id != *claimed {
            found.push(letter.entity);
        }
    }
    Ok(found)
}

/// What came of telling somebody.
enum Told {
    /// It is over already.
    Nothing,
    /// They were told.
    Sent,
    /// They could not be told.
    Failed(RemoteError),
}

/// What letters tell of; several may tell of the same.
fn distinct(letters: &[Letter]) -> Vec<&About> {
    let mut all: Vec<&About> = Vec::new();
    for about in letters.iter().flat_map(|letter| &letter.about) {
        if !all.contains(&about) {
            all.push(about);
        }
    }
    all
}

/// Tells somebody what is still to be told.
async fn tell(ports: &Ports, to: &str, letters: &[Letter]) -> Result<Told, HandleError> {
    let company = load::company(ports).await?;
    let (mut tasks, mut approvals, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut leavers, mut review) = (Vec::new(), None);
    for about in distinct(letters) {
        match about {
            About::Task(id) => {
                let task = ports.store.find::<Task>(&Key::Task(id.clone())).await?;
                let task = task.map(|task| task.entity);
                tasks.extend(task.filter(|task| task.state == TaskState::Open));
            }
            About::Approval(id) => {
                let key = Key::Approval(id.clone());
                let asked = ports.store.find::<Approval>(&key).await?;
                let asked = asked.map(|asked| asked.entity);
                approvals.extend(asked.filter(|one| one.state == ApprovalState::Waiting));
            }
            About::Account(definition, name, sync) => {
                accounts.extend(sync::waits(ports, definition, name, *sync).await?);
            }
            About::Left(run) => leavers.extend(leaving::told(ports, &company, to, run).await?),
            About::Review => review = Some(about_review(&company)),
        }
    }
    let mut parts = Vec::new();
    parts.extend(about_tasks(ports, &tasks, &company).await?);
    parts.extend(about_approvals(ports, to, &approvals, &company).await?);
    parts.extend(about_accounts(&accounts));
    parts.extend(about_leavers(leavers));
    parts.extend(review);
    if parts.is_empty() {
        return Ok(Told::Nothing);
    }
    let ids: Vec<&str> = letters.iter().map(|letter| letter.id.as_str()).collect();
    let notification = Notification {
        to: to.to_owned(),
        text: parts.join("\n\n"),
        key: EffectKey::derived(&ids),
    };
    Ok(match send(ports, &notification).await {
        Ok(()) => Told::Sent,
        Err(error) => Told::Failed(error),
    })
}

async fn send(ports: &Ports, notification: &Notification) -> Result<(), RemoteError> {
    if ports.notifier.was_sent(&notification.key).await? {
        return Ok(());
    }
    ports.notifier.send(notification).await
}

/// The page that a letter links to; it shows, and decides nothing. None where nobody said how browsers reach Sando.
pub(super) fn page(company: &Company, path: &str) -> Option<String> {
    let url = company.settings.public_url.as_ref()?;
    Some(url.link(path))
}

async fn about_tasks(
    ports: &Ports,
    tasks: &[Task],
    company: &Company,
) -> Result<Option<String>, HandleError> {
    let mut shown = Vec::new();
    for task in tasks.iter().take(LINES) {
        let due = task.due.map_or_else(String::new, due_on);
        let page = page(company, &format!("/console/tasks/{}", task.id));
        let place = page.unwrap_or_else(|| task.id.to_string());
        let of_whom = of_whom(ports, task).await?;
        shown.push((format!("{}{of_whom}{due}", task.title), place));
    }
    let lines = match shown.as_slice() {
        [] => return Ok(None),
        [(title, place)] => vec![format!("Task: {title}"), format!("Open it: {place}")],
        many => {
            let mut lines = vec![format!("{} tasks wait for you", tasks.len())];
            let listed = many.iter();
            lines.extend(listed.map(|(title, place)| format!("- {title}: {place}")));
            lines.extend(more(tasks.len()));
            lines
        }
    };
    Ok(Some(lines.join("\n")))
}

/// Whom a task is about, unless its title says so.
async fn of_whom(ports: &Ports, task: &Task) -> Result<String, HandleError> {
    let Some(person) = &task.person else {
        return Ok(String::new());
    };
    let person = load::person(ports, person).await?;
    let name = person
        .as_ref()
        .and_then(|person| person.entity.text("name"));
    let name = name.filter(|name| !task.title.contains(name));
    Ok(name.map_or_else(String::new, |name| format!(" ({name})")))
}

fn about_accounts(waiting: &[String]) -> Option<String> {
    let [first, ..] = waiting else { return None };
    if waiting.len() == 1 {
        return Some(first.clone());
    }
    let mut lines = vec![format!("{} accounts wait for you", waiting.len())];
    let listed = waiting.iter().take(LINES);
    lines.extend(listed.map(|text| format!("- {text}")));
    lines.extend(more(waiting.len()));
    Some(lines.join("\n"))
}

fn about_leavers(mut leavers: Vec<String>) -> Option<String> {
    let count = leavers.len();
    leavers.truncate(LINES);
    leavers.extend(more(count));
    (count > 0).then(|| leavers.join("\n\n"))
}

fn about_review(company: &Company) -> String {
    let page = page(company, "/console/reports/review");
    let place = page.unwrap_or_else(|| "the access review".to_owned());
    format!(
        "An access review is due\n- who can use what is to be confirmed, or taken away: {place}"
    )
}

fn due_on(due: Timestamp) -> String {
    format!(", due {due}")
}

/// How many are not shown.
pub(super) fn more(count: usize) -> Option<String> {
    let left = count.saturating_sub(LINES);
    (left > 0).then(|| format!("and {left} more"))
}

async fn about_approvals(
    ports: &Ports,
    to: &str,
    approvals: &[Approval],
    company: &Company,
) -> Result<Option<String>, HandleError> {
    if approvals.is_empty() {
        return Ok(None);
    }
    let mut lines = Vec::new();
    if approvals.len() > 1 {
        lines.push(format!("{} approvals wait for you", approvals.len()));
    }
    for asked in approvals.iter().take(LINES) {
        let person = load::person(ports, &asked.person).await?;
        let person = person.as_ref().map(|person| &person.entity);
        if approvals.len() <= AT_LENGTH {
            lines.push(approval::text(asked, to, person, company));
        } else {
            lines.push(in_short(asked, company));
        }
    }
    lines.extend(more(approvals.len()));
    Ok(Some(lines.join("\n")))
}

fn in_short(asked: &Approval, company: &Company) -> String {
    let app = company.apps.get(&asked.app);
    let app = app.map_or(asked.app.as_str(), |app| app.label());
    format!("- access to {app}: {}", approval::place(asked, company))
}
