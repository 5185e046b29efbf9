//! How items lie in the tables, and how they are found. Nothing else knows a key.
//!
//! # Entities: table `state`
//!
//! | entity | pk | sk | due index | list index | who index | read by |
//! |---|---|---|---|---|---|---|
//! | person | `PERSON#<id>` | `PERSON` | yes | by state | | `get`, `list`, `due` |
//! | grant | `PERSON#<id>` | `GRANT#<id>` | yes | by state | `PERSON#<of the application>#grant`, while held | `group(Grants)`, `list`, `get` |
//! | run | `RUN#<id>` | `RUN` | yes | by state | `PERSON#<id>#run` | `get`, `list`, `due` |
//! | event | `EVENT#<id>` | `EVENT` | | by state | `PERSON#<id>#event` | `get`, `list` |
//! | delivery | `DELIVERY#<id>` | `DELIVERY` | yes | by state | | `get`, `list`, `due` |
//! | candidacy | `CANDIDACY#<lever id>` | `CANDIDACY` | yes | | | `get`, `due` |
//! | claim | `CLAIM#CONTACT#<id>`, `CLAIM#EMAIL#<hash>`, `CLAIM#ADDRESS#<hash>`, `CLAIM#OUTSIDE#<hash>`, `CLAIM#USER#<hash>` | `CLAIM` | | | | `get` |
//! | task | `TASK#<id>` | `TASK` | yes | by state | `PERSON#<id>#task` | `get`, `list`, `due` |
//! | approval | `APPROVAL#<id>` | `APPROVAL` | yes | by state | `PERSON#<id>#approval` | `get`, `list`, `due` |
//! | configuration | `CONFIG` | `<kind>#<id>` | | | | `group(Config)`, `get` |
//! | head | `HEADS#<shard of 16>` | `HEAD#<stream>` | | `moved`, by the minute | | `group(Heads)`, `list`, `get` |
//! | person's key | `PERSONKEY#<id>` | `KEY` | | | | `get` |
//! | budget | `LIMIT#<credential>` | `LIMIT` | | | | `get` |
//! | counter | `COUNTER#<name>` | `COUNTER` | | | | `get` |
//! | part of a day's numbers | `TALLY#<day>` | `PART#<number>` | | | | `group(Tallies)`, `get` |
//! | what marks of words are made with | `FINDER` | `FINDER` | | | | `get` |
//! | word of a person's, their department, or that they have drift | `WORD#<begin of the mark>` | `<rest of the mark>#<person>` | | | | `list(Words)`, `get` |
//! | what was counted last | `COUNTED` | `COUNTED` | | | | `get` |
//! | when an event matched each rule last | `MATCHES` | `MATCHES` | | | | `get` |
//! | piece of a count | `COUNT#<job>#<turn>` | `PIECE#<number>` | | | | `get` |
//! | API key | `APIKEYS` | `APIKEY#<id>` | | | | `group(ApiKeys)`, `get` |
//! | answer | `ANSWER#<key>` | `ANSWER` | | | | `get` |
//! | login on its way; a sign-in that came back | `LOGIN#<hash>` | `LOGIN` | | | | `get` |
//! | turn | `TURN#<name>` | `TURN` | | | | `get` |
//! | session | `SESSION#<hash>` | `SESSION` | | | | `get` |
//! | job | `JOB#<id>` | `JOB` | yes | by state | | `get`, `list`, `due` |
//! | tokens of an account | `TOKENS#<name>` | `TOKENS` | | | | `get` |
//! | catch-up | `CATCHUP` | `CATCHUP` | yes | | | `get`, `due` |
//! | letter | `LETTER#<id>` | `LETTER` | yes | by state | | `get`, `list`, `due` |
//! | post | `POST` | `POST` | | | | `get` |
//! | purge | `PURGE` | `PURGE` | yes | | | `get`, `due` |
//! | handshake with Lever | `HANDSHAKE` | `HANDSHAKE` | | | | `get` |
//! | definition | `DEFINITIONS` | `DEFINITION#<slug>` | | | | `group(Definitions)`, `get` |
//! | draft of a definition | `DRAFTS` | `DRAFT#<slug>` | | | | `group(Drafts)`, `get` |
//! | version of a definition | `DEFINITION#<slug>` | `VERSION#<number>` | | | | `group(DefinitionVersions)`, `get` |
//! | account | `ACCOUNTS` | `ACCOUNT#<definition>#<name>` | yes | | | `group(Accounts)`, `get`, `due` |
//! | entry of a roster | `ROSTER#<roster>#<first digit of the hash>` | `USER#<hash>` | | | `PERSON#<of the address>#entry` | `list(Roster)`, `list`, `get` |
//! | details of a user | `DETAILS#<roster>#<hash>` | `DETAILS` | | | | `get` |
//! | decision in a review | `REVIEW#<roster>` | `USER#<hash>` | | | | `get` |
//! | when the last review was | `REVIEWS` | `REVIEWS` | | | | `get` |
//! | sync | `SYNCS#<roster>` | `SYNC#<number>` | yes | | | `list(Syncs)`, `get`, `due` |
//! | part of a sync | `SYNC#<roster>#<number>` | `<kind>#<number>` | | | | `get` |
//!
//! "Yes" means: while the entity says so. All index attributes are sparse.
//!
//! # Lists, and the query that serves each
//!
//! | list of the API | served by |
//! |---|---|
//! | people, runs, events, deliveries, tasks, approvals, jobs, grants, letters, by state | index `list`: one query for each state and shard, newest first, merged by `list_sk` |
//! | what was kept for long enough, by state | index `list`, as above, from `list_sk < <moment>` on |
//! | runs, events, tasks, approvals of a person; entries of an address; grants held in an application | index `who`: `who_pk = PERSON#<id>#<kind>`, newest first |
//! | grants of a person | `state`: `pk = PERSON#<id>`, `sk` begins with `GRANT#`, consistent |
//! | configuration, API keys, definitions, accounts | `state`: `pk = CONFIG`, `APIKEYS`, `DEFINITIONS`, `ACCOUNTS`, consistent |
//! | versions of a definition | `state`: `pk = DEFINITION#<slug>`, consistent |
//! | users of an account | `state`: `pk = ROSTER#<roster>#0` to `#f`, one after the other, `sk > <cursor>`, consistent |
//! | people with a word that begins so, of a department, or with drift | `state`: `pk = WORD#<first two letters>`, `sk` between the marks, consistent |
//! | syncs of an account | `state`: `pk = SYNCS#<roster>`, `sk < <cursor>`, newest first, consistent |
//! | heads that moved since a minute (checkpoint) | index `list`, as above, until the minute |
//! | heads (verification) | `state`: `pk = HEADS#00` to `HEADS#15`, consistent |
//! | what is due | index `due`: `due_pk = DUE#<shard>`, `due_at <= now`, oldest first |
//! | records of a stream | `audit`: `pk = STREAM#<stream>`, `sk >= <from>`, consistent |
//! | waiting and dead events on one machine | `queue`: see [`crate::queue`] |
//!
//! The indexes `list` and `who` hold keys only, so that a run which moves on step by step costs no index write; what a
//! list shows is then read from the table, consistent, and dropped where it no longer stands in the list. `due` holds
//! the version too. There is no `Scan`.
//!
//! # Attributes
//!
//! Every item of `state`: `pk`, `sk`, `kind`, `version`, `schema`, `body` (the entity as JSON), and where they apply
//! `due_pk` = `DUE#<shard of 8>` and `due_at` (also what a claim moves), `list_pk` = `<kind>#<state>#<shard of 4>` and
//! `list_sk`, `who_pk` and `who_sk` (both `<at>#<pk>#<sk>`), `expires` (seconds since 1970, the time to live), `by` (which
//! call wrote it, see `commit.rs`). Table `audit`: `STREAM#<stream>` / the record's place with 20 digits, `kind`,
//! `schema`, `body`.
//!
//! Segments contain no `#`: their types forbid it, and free text is percent-encoded. Times are RFC 3339 in UTC with nine
//! digits of fraction, numbers are zero-padded: the order of the text is the real order.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use sando_core::audit::StreamId;
use sando_core::claim::Claim;
use sando_core::config::ConfigKind;
use sando_core::definition::IdHash;
use sando_core::ids::{IdError, PersonId, RosterId};
use sando_core::store::{DUE_SHARDS, Group, Key, PartKind};
use sando_core::words::{Mark, Marks};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};

/// Over how many partitions a list by state is spread.
pub const LIST_SHARDS: u8 = 4;
/// Over how many partitions the heads of the audit streams are spread.
const HEAD_SHARDS: u8 = 16;

const FREE: &AsciiSet = &CONTROLS.add(b'#').add(b'%');

/// Why a key of a table is none of ours. Never quotes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// An id in it is none.
    #[error("an id in the key cannot be read")]
    Id(#[from] IdError),
    /// It has a form that no entity has.
    #[error("no entity has a key of this form")]
    Form,
}

/// Where an item lies in the table `state`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ItemKey {
    /// The partition.
    pub pk: String,
    /// The place in it.
    pub sk: String,
}

impl From<&Key> for ItemKey {
    fn from(key: &Key) -> Self {
        let (pk, sk) = match key {
            Key::Person(id) => (format!("PERSON#{id}"), "PERSON".to_owned()),
            Key::Grant(person, id) => (format!("PERSON#{person}"), format!("GRANT#{id}")),
            Key::Run(id) => (format!("RUN#{id}"), "RUN".to_owned()),
            Key::Event(id) => (format!("EVENT#{id}"), "EVENT".to_owned()),
            Key::Delivery(id) => (format!("DELIVERY#{id}"), "DELIVERY".to_owned()),
            Key::Candidacy(id) => (format!("CANDIDACY#{id}"), "CANDIDACY".to_owned()),
            Key::Claim(claim) => (claim_partition(claim), "CLAIM".to_owned()),
            Key::Task(id) => (format!("TASK#{id}"), "TASK".to_owned()),
            Key::Approval(id) => (format!("APPROVAL#{id}"), "APPROVAL".to_owned()),
            Key::Config(kind, id) => ("CONFIG".to_owned(), format!("{}#{id}", kind.as_str())),
            Key::Head(stream) => (
                head_partition(key.shard(HEAD_SHARDS)),
                format!("HEAD#{stream}"),
            ),
            Key::PersonKey(id) => (format!("PERSONKEY#{id}"), "KEY".to_owned()),
            Key::Budget(id) => (format!("LIMIT#{id}"), "LIMIT".to_owned()),
            Key::Counter(name) => (format!("COUNTER#{}", free(name)), "COUNTER".to_owned()),
            Key::Tally(day, part) => (format!("TALLY#{day}"), format!("PART#{part:03}")),
            Key::Counted => ("COUNTED".to_owned(), "COUNTED".to_owned()),
            Key::LastMatches => ("MATCHES".to_owned(), "MATCHES".to_owned()),
            Key::CountPiece(job, turn, number) => (
                format!("COUNT#{job}#{turn:010}"),
                format!("PIECE#{number:010}"),
            ),
            Key::ApiKey(id) => ("APIKEYS".to_owned(), format!("APIKEY#{id}")),
            Key::Answer(name) => (format!("ANSWER#{}", free(name)), "ANSWER".to_owned()),
            Key::Login(name) => (format!("LOGIN#{}", free(name)), "LOGIN".to_owned()),
            Key::Finder => ("FINDER".to_owned(), "FINDER".to_owned()),
            Key::Word(mark, person) => word(*mark, person),
            Key::Turn(name) => (format!("TURN#{}", free(name)), "TURN".to_owned()),
            Key::Session(name) => (format!("SESSION#{}", free(name)), "SESSION".to_owned()),
            Key::Job(id) => (format!("JOB#{id}"), "JOB".to_owned()),
            Key::Tokens(name) => (format!("TOKENS#{}", free(name)), "TOKENS".to_owned()),
            Key::CatchUp => ("CATCHUP".to_owned(), "CATCHUP".to_owned()),
            Key::Letter(id) => (format!("LETTER#{id}"), "LETTER".to_owned()),
            Key::Post => ("POST".to_owned(), "POST".to_owned()),
            Key::Purge => ("PURGE".to_owned(), "PURGE".to_owned()),
            Key::Handshake => ("HANDSHAKE".to_owned(), "HANDSHAKE".to_owned()),
            Key::Reviews => ("REVIEWS".to_owned(), "REVIEWS".to_owned()),
            Key::Definition(_)
            | Key::DefinitionVersion(..)
            | Key::Draft(_)
            | Key::Account(..)
            | Key::Entry(..)
            | Key::Details(..)
            | Key::Reviewed(..)
            | Key::Sync(..)
            | Key::SyncPart(..) => reading(key),
        };
        Self { pk, sk }
    }
}

/// The keys of what is read from applications: definitions, accounts, rosters, syncs. No other key comes here.
fn reading(key: &Key) -> (String, String) {
    match key {
        Key::Definition(id) => ("DEFINITIONS".to_owned(), format!("DEFINITION#{id}")),
        Key::DefinitionVersion(id, number) => {
            (format!("DEFINITION#{id}"), format!("VERSION#{number:010}"))
        }
        Key::Draft(id) => ("DRAFTS".to_owned(), format!("DRAFT#{id}")),
        Key::Account(definition, name) => (
            "ACCOUNTS".to_owned(),
            format!("ACCOUNT#{definition}#{name}"),
        ),
        Key::Entry(roster, id) => {
            let [first, ..] = id.0;
            let hash = String::from(*id);
            (roster_partition(roster, first >> 4), format!("USER#{hash}"))
        }
        Key::Details(roster, id) => {
            let hash = String::from(*id);
            (format!("DETAILS#{roster}#{hash}"), "DETAILS".to_owned())
        }
        Key::Reviewed(roster, id) => {
            let hash = String::from(*id);
            (format!("REVIEW#{roster}"), format!("USER#{hash}"))
        }
        Key::Sync(roster, number) => (syncs_partition(roster), format!("SYNC#{number:020}")),
        Key::SyncPart(roster, number, kind, place) => (
            format!("SYNC#{roster}#{number:020}"),
            format!("{}#{place:010}", kind.as_str()),
        ),
        _ => (String::new(), String::new()),
    }
}

/// The two parts of a mark in a key: that of the first two letters, and the rest.
fn parts(mark: Mark) -> (String, String) {
    let mut begin = String::from(mark);
    let rest = begin.split_off(8);
    (begin, rest)
}

fn word(mark: Mark, person: &PersonId) -> (String, String) {
    let (begin, rest) = parts(mark);
    (format!("WORD#{begin}"), format!("{rest}#{person}"))
}

fn parse_mark(begin: &str, rest: &str) -> Result<Mark, KeyError> {
    if begin.len() != 8 {
        return Err(KeyError::Form);
    }
    Mark::try_from(format!("{begin}{rest}")).map_err(|_| KeyError::Form)
}

/// Where words with these marks lie: `pk`, and between which two `sk`.
#[must_use]
pub fn word_range(marks: &Marks) -> (String, String, String) {
    let ((begin, from), (_, to)) = (parts(marks.from), parts(marks.to));
    // No id has a character that comes after this one.
    (format!("WORD#{begin}"), from, format!("{to}#~"))
}

/// `pk` of the entries of a roster whose hashes begin with this digit.
#[must_use]
pub fn roster_partition(roster: &RosterId, digit: u8) -> String {
    format!("ROSTER#{roster}#{digit:x}")
}

/// `pk` of the syncs of a roster.
#[must_use]
pub fn syncs_partition(roster: &RosterId) -> String {
    format!("SYNCS#{roster}")
}

impl TryFrom<&ItemKey> for Key {
    type Error = KeyError;

    fn try_from(item: &ItemKey) -> Result<Self, KeyError> {
        let pk: Vec<&str> = item.pk.split('#').collect();
        let sk: Vec<&str> = item.sk.split('#').collect();
        let key = match (pk.as_slice(), sk.as_slice()) {
            (["PERSON", id], ["PERSON"]) => Self::Person(id.parse()?),
            (["PERSON", person], ["GRANT", id]) => Self::Grant(person.parse()?, id.parse()?),
            (["RUN", id], ["RUN"]) => Self::Run(id.parse()?),
            (["EVENT", id], ["EVENT"]) => Self::Event(id.parse()?),
            (["DELIVERY", id], ["DELIVERY"]) => Self::Delivery(id.parse()?),
            (["CANDIDACY", id], ["CANDIDACY"]) => Self::Candidacy(id.parse()?),
            (["CLAIM", kind, of], ["CLAIM"]) => Self::Claim(parse_claim(kind, of)?),
            (["TASK", id], ["TASK"]) => Self::Task(id.parse()?),
            (["APPROVAL", id], ["APPROVAL"]) => Self::Approval(id.parse()?),
            (["CONFIG"], [kind, id]) => Self::Config(parse_kind(kind)?, id.parse()?),
            (["HEADS", _], ["HEAD", stream]) => {
                Self::Head(StreamId::try_from((*stream).to_owned())?)
            }
            (["PERSONKEY", id], ["KEY"]) => Self::PersonKey(id.parse()?),
            (["LIMIT", id], ["LIMIT"]) => Self::Budget(id.parse()?),
            (["COUNTER", name], ["COUNTER"]) => Self::Counter(parse_free(name)?),
            (["TALLY", day], ["PART", part]) => {
                let day = day.parse().map_err(|_| KeyError::Form)?;
                Self::Tally(day, parse_number(part)?)
            }
            (["COUNTED"], ["COUNTED"]) => Self::Counted,
            (["MATCHES"], ["MATCHES"]) => Self::LastMatches,
            (["COUNT", job, turn], ["PIECE", number]) => {
                Self::CountPiece(job.parse()?, parse_number(turn)?, parse_number(number)?)
            }
            (["APIKEYS"], ["APIKEY", id]) => Self::ApiKey(id.parse()?),
            (["ANSWER", name], ["ANSWER"]) => Self::Answer(parse_free(name)?),
            (["FINDER"], ["FINDER"]) => Self::Finder,
            (["WORD", begin], [rest, person]) => {
                Self::Word(parse_mark(begin, rest)?, person.parse()?)
            }
            (["TURN", name], ["TURN"]) => Self::Turn(parse_free(name)?),
            (["LOGIN", name], ["LOGIN"]) => Self::Login(parse_free(name)?),
            (["SESSION", name], ["SESSION"]) => Self::Session(parse_free(name)?),
            (["JOB", id], ["JOB"]) => Self::Job(id.parse()?),
            (["TOKENS", name], ["TOKENS"]) => Self::Tokens(parse_free(name)?),
            (["CATCHUP"], ["CATCHUP"]) => Self::CatchUp,
            (["LETTER", id], ["LETTER"]) => Self::Letter(id.parse()?),
            (["POST"], ["POST"]) => Self::Post,
            (["PURGE"], ["PURGE"]) => Self::Purge,
            (["HANDSHAKE"], ["HANDSHAKE"]) => Self::Handshake,
            (["REVIEWS"], ["REVIEWS"]) => Self::Reviews,
            (pk, sk) => parse_reading(pk, sk)?,
        };
        // One key, one place: a text that parses but would be written otherwise is none of ours.
        if ItemKey::from(&key) != *item {
            return Err(KeyError::Form);
        }
        Ok(key)
    }
}

fn parse_reading(pk: &[&str], sk: &[&str]) -> Result<Key, KeyError> {
    Ok(match (pk, sk) {
        (["DEFINITIONS"], ["DEFINITION", id]) => Key::Definition(id.parse()?),
        (["DEFINITION", id], ["VERSION", number]) => {
            Key::DefinitionVersion(id.parse()?, parse_number(number)?)
        }
        (["DRAFTS"], ["DRAFT", id]) => Key::Draft(id.parse()?),
        (["ACCOUNTS"], ["ACCOUNT", definition, name]) => {
            Key::Account(definition.parse()?, name.parse()?)
        }
        (["ROSTER", roster, _], ["USER", hash]) => Key::Entry(roster.parse()?, parse_hash(hash)?),
        (["DETAILS", roster, hash], ["DETAILS"]) => {
            Key::Details(roster.parse()?, parse_hash(hash)?)
        }
        (["REVIEW", roster], ["USER", hash]) => Key::Reviewed(roster.parse()?, parse_hash(hash)?),
        (["SYNCS", roster], ["SYNC", number]) => Key::Sync(roster.parse()?, parse_number(number)?),
        (["SYNC", roster, number], [kind, place]) => Key::SyncPart(
            roster.parse()?,
            parse_number(number)?,
            parse_part(kind)?,
            parse_number(place)?,
        ),
        _ => return Err(KeyError::Form),
    })
}

fn parse_number<N: std::str::FromStr>(text: &str) -> Result<N, KeyError> {
    text.parse().map_err(|_| KeyError::Form)
}

fn parse_hash(text: &str) -> Result<IdHash, KeyError> {
    IdHash::try_from(text.to_owned()).map_err(|_| KeyError::Form)
}

fn parse_part(text: &str) -> Result<PartKind, KeyError> {
    let word: StrDeserializer<'_, WordError> = text.into_deserializer();
    PartKind::deserialize(word).map_err(|_| KeyError::Form)
}

fn claim_partition(claim: &Claim) -> String {
    match claim {
        Claim::Contact(id) => format!("CLAIM#CONTACT#{id}"),
        Claim::Email(hash) => format!("CLAIM#EMAIL#{}", free(hash)),
        Claim::Address(hash) => format!("CLAIM#ADDRESS#{}", free(hash)),
        Claim::Outside(hash) => format!("CLAIM#OUTSIDE#{}", free(hash)),
        Claim::User(hash) => format!("CLAIM#USER#{}", free(hash)),
    }
}

fn parse_claim(kind: &str, of: &str) -> Result<Claim, KeyError> {
    match kind {
        "CONTACT" => Ok(Claim::Contact(of.parse()?)),
        "EMAIL" => Ok(Claim::Email(parse_free(of)?)),
        "ADDRESS" => Ok(Claim::Address(parse_free(of)?)),
        "OUTSIDE" => Ok(Claim::Outside(parse_free(of)?)),
        "USER" => Ok(Claim::User(parse_free(of)?)),
        _ => Err(KeyError::Form),
    }
}

fn parse_kind(text: &str) -> Result<ConfigKind, KeyError> {
    let word: StrDeserializer<'_, WordError> = text.into_deserializer();
    ConfigKind::deserialize(word).map_err(|_| KeyError::Form)
}

fn free(text: &str) -> String {
    utf8_percent_encode(text, FREE).to_string()
}

fn parse_free(text: &str) -> Result<String, KeyError> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded.map_err(|_| KeyError::Form)?.into_owned())
}

fn head_partition(shard: u8) -> String {
    format!("HEADS#{shard:02}")
}

/// Where the items of a group lie: partitions, and what their `sk` begins with.
#[must_use]
pub fn group_partitions(group: &Group) -> (Vec<String>, Option<&'static str>) {
    match group {
        Group::Grants(person) => (vec![format!("PERSON#{person}")], Some("GRANT#")),
        Group::Config => (vec!["CONFIG".to_owned()], None),
        Group::ApiKeys => (vec!["APIKEYS".to_owned()], None),
        Group::Heads => ((0..HEAD_SHARDS).map(head_partition).collect(), None),
        Group::Definitions => (vec!["DEFINITIONS".to_owned()], None),
        Group::DefinitionVersions(id) => (vec![format!("DEFINITION#{id}")], Some("VERSION#")),
        Group::Tallies(day) => (vec![format!("TALLY#{day}")], None),
        Group::Drafts => (vec!["DRAFTS".to_owned()], None),
        Group::Accounts => (vec!["ACCOUNTS".to_owned()], None),
    }
}

/// `due_pk` of one shard.
#[must_use]
pub fn due_partition(shard: u8) -> String {
    format!("DUE#{shard:02}")
}

/// `due_pk` of an item.
#[must_use]
pub fn due_partition_of(key: &Key) -> String {
    due_partition(key.shard(DUE_SHARDS))
}

/// `list_pk`: one shard of the list of a kind in a state.
#[must_use]
pub fn list_partition(kind: &str, state: &str, shard: u8) -> String {
    format!("{}#{}#{shard}", free(kind), free(state))
}

/// `list_pk` of an item.
#[must_use]
pub fn list_partition_of(key: &Key, kind: &str, state: &str) -> String {
    list_partition(kind, state, key.shard(LIST_SHARDS))
}

/// `who_pk`: the items of a kind that belong to a person.
#[must_use]
pub fn who_partition(person: &PersonId, kind: &str) -> String {
    format!("PERSON#{person}#{}", free(kind))
}

/// `list_sk` and `who_sk`: the place in a list, no two items at the same one.
#[must_use]
pub fn place(at: Timestamp, item: &ItemKey) -> String {
    format!("{}#{}#{}", time_text(at), item.pk, item.sk)
}

/// `pk` of a stream's records in the table `audit`.
#[must_use]
pub fn stream_partition(stream: &StreamId) -> String {
    format!("STREAM#{stream}")
}

/// `sk` of a record.
#[must_use]
pub fn record_place(seq: u64) -> String {
    format!("{seq:020}")
}

/// A time as keys have it: RFC 3339, UTC, nine digits of fraction, always 30 characters. Years before 0 count as 0.
#[must_use]
pub fn time_text(at: Timestamp) -> String {
    const YEAR_0: i64 = -62_167_219_200;
    let first = Timestamp::from_second(YEAR_0).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{:.9}", at.max(first))
}

/// Reads a time that [`time_text`] wrote.
///
/// # Errors
/// [`KeyError::Form`] if it is none.
pub fn parse_time(text: &str) -> Result<Timestamp, KeyError> {
    let at: Timestamp = text.parse().map_err(|_| KeyError::Form)?;
    (time_text(at) == text).then_some(at).ok_or(KeyError::Form)
}
