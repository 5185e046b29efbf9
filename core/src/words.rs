//! What people are found by: the words of their names and addresses, as keyed hashes of how they begin, and their department,
//! as one of the whole; and, of those who have drift, that they do.
//!
//! No key of the table carries personal data: in a key a word is a [`Mark`], which says nothing without the secret of the
//! installation. The marks of words that begin alike begin alike, so one query finds everybody with such a word.

use std::collections::BTreeSet;
use std::fmt;

use deunicode::deunicode;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::ids::{PersonId, hash_type};
use crate::person::Person;
use crate::store::{Entity, Key};

/// So many letters find somebody, no fewer.
pub const LEAST: usize = 2;
/// So many letters of a word are told apart in its mark.
const LETTERS: usize = 8;
/// By so many words somebody is found: each is an item of its own.
const MOST_WORDS: usize = 8;
/// So many characters of a text are looked at.
const LONGEST: usize = 200;
/// What a department begins with among words; no word has it.
const DEPARTMENT: char = '=';
/// What whoever has drift is found by; neither a word nor a department.
const DRIFT: &str = "!drift";
/// So many bytes of a mark are a department's.
const DEPARTMENT_BYTES: usize = 8;

hash_type!(
    /// A word in a key: four bytes for its first two letters, two bytes more for each beginning that is a letter longer. Of a
    /// department, and of drift: eight bytes for the whole, eight that are the less the later its person became known.
    Mark
);

/// The marks of all words that begin alike: from one to another, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marks {
    /// The first.
    pub from: Mark,
    /// The last.
    pub to: Mark,
}

impl Marks {
    /// All that begin with these bytes.
    fn beginning(known: &[u8]) -> Self {
        let (mut from, mut to) = ([0; 16], [u8::MAX; 16]);
        for bounds in [&mut from, &mut to] {
            let bytes = bounds.iter_mut().zip(known);
            bytes.for_each(|(to, from)| *to = *from);
        }
        Self {
            from: Mark(from),
            to: Mark(to),
        }
    }

    /// Is it one of them?
    #[must_use]
    pub fn have(&self, mark: Mark) -> bool {
        (self.from..=self.to).contains(&mark)
    }
}

/// The words that somebody is found by. Personal: `Debug` shows how many there are.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(BTreeSet<String>);

impl Words {
    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With others.
    #[must_use]
    pub fn with(&self, others: Self) -> Self {
        Self(self.0.iter().cloned().chain(others.0).collect())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({})", self.0.len())
    }
}

/// What marks are made with; one for an installation. Never printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Finder {
    secret: String,
    /// Everybody is found by their words: nobody is left who was known before there were any.
    pub is_complete: bool,
    /// Everybody is found by their department, too.
    #[serde(default)]
    pub has_departments: bool,
    /// Every grant is looked up by its application: none is left that was written before they were.
    #[serde(default)]
    pub has_holders: bool,
    /// When everybody was looked at last for drift; none while nobody was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_looked_at: Option<Timestamp>,
}

impl Finder {
    /// One with this secret.
    #[must_use]
    pub fn new(secret: &[u8; 32], is_complete: bool) -> Self {
        Self {
            secret: hex::encode(secret),
            is_complete,
            has_departments: is_complete,
            has_holders: is_complete,
            drift_looked_at: None,
        }
    }

    /// The mark of a word.
    #[must_use]
    pub fn mark(&self, word: &str) -> Mark {
        self.beginnings(word, LETTERS).from
    }

    /// The marks of all words that begin so.
    #[must_use]
    pub fn marks(&self, beginning: &str) -> Marks {
        self.beginnings(beginning, beginning.chars().count().clamp(LEAST, LETTERS))
    }

    /// The marks of everybody of a department, whoever became known last first; none if the text names none.
    #[must_use]
    pub fn department(&self, name: &str) -> Option<Marks> {
        let word = as_department(name)?;
        Some(Marks::beginning(&self.whole(&word)))
    }

    /// The marks of everybody who has drift, whoever became known last first.
    #[must_use]
    pub fn drift(&self) -> Marks {
        Marks::beginning(&self.whole(DRIFT))
    }

    fn beginnings(&self, word: &str, letters: usize) -> Marks {
        let known: Vec<u8> = (LEAST..=letters)
            .flat_map(|letters| {
                let begin: String = word.chars().take(letters).collect();
                let bytes = if letters == LEAST { 4 } else { 2 };
                let hash = self.hash(&format!("{letters}:{begin}"));
                hash.into_iter().take(bytes)
            })
            .collect();
        Marks::beginning(&known)
    }

    fn whole(&self, text: &str) -> Vec<u8> {
        let mut hash = self.hash(text);
        hash.truncate(DEPARTMENT_BYTES);
        hash
    }

    fn hash(&self, text: &str) -> Vec<u8> {
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(self.secret.as_bytes()) else {
            return Vec::new();
        };
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// The keys that stand for these words of a person.
    #[must_use]
    pub fn keys(&self, words: &Words, person: &Person) -> BTreeSet<Key> {
        let marks = words.0.iter().map(|word| self.mark_of(word, person));
        let keys = marks.map(|mark| Key::Word(mark, person.id.clone()));
        keys.collect()
    }

    fn mark_of(&self, word: &str, person: &Person) -> Mark {
        if !word.starts_with(DEPARTMENT) && word != DRIFT {
            return self.mark(word);
        }
        let since = u64::try_from(person.created_at.as_second()).unwrap_or_default();
        let mut known = self.whole(word);
        known.extend((!since).to_be_bytes());
        Marks::beginning(&known).from
    }

    /// The first mark of a person's words that begin so: by it they are found, by their other ones not once more.
    #[must_use]
    pub fn first(&self, person: &Person, beginning: &str) -> Option<Mark> {
        let cut: String = beginning.chars().take(LETTERS).collect();
        let words = person.words.0.iter();
        let words = words.filter(|word| word.starts_with(&cut));
        words.map(|word| self.mark(word)).min()
    }
}

impl Entity for Finder {
    const KIND: &'static str = "finder";

    fn key(&self) -> Key {
        Key::Finder
    }
}

/// Somebody has a word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Word {
    /// Which.
    pub mark: Mark,
    /// Who.
    pub person: PersonId,
}

impl Entity for Word {
    const KIND: &'static str = "word";

    fn key(&self) -> Key {
        Key::Word(self.mark, self.person.clone())
    }
}

/// The words that somebody is to be found by: those of the name, then those of addresses before their `@`, cut after the
/// letters that are told apart; the department; and drift. None of somebody who was merged away.
#[must_use]
pub fn of(person: &Person) -> Words {
    let mut found = BTreeSet::new();
    if person.merged.is_some() {
        return Words(found);
    }
    let local = |name: &str| {
        let address = person.text(name)?;
        address.split(['@', '+']).next()
    };
    let texts = [
        person.text("name"),
        local("work_email"),
        local("personal_email"),
    ];
    for word in texts.into_iter().flatten().flat_map(split) {
        if found.len() < MOST_WORDS && word.len() >= LEAST {
            found.insert(word.chars().take(LETTERS).collect());
        }
    }
    found.extend(department_of(person));
    found.extend(is_drifting(person).then(|| DRIFT.to_owned()));
    Words(found)
}

fn department_of(person: &Person) -> Option<String> {
    let name = person.text("department");
    name.filter(|_| person.merged.is_none())
        .and_then(as_department)
}

/// A department as it is told apart from words and from others, whose case does not matter; none for an empty text.
fn as_department(name: &str) -> Option<String> {
    let name: String = name.trim().chars().take(LONGEST).collect();
    (!name.is_empty()).then(|| format!("{DEPARTMENT}{}", name.to_lowercase()))
}

/// Is somebody to be found by this department?
#[must_use]
pub fn is_of(person: &Person, department: &str) -> bool {
    let theirs = department_of(person);
    theirs.is_some() && theirs == as_department(department)
}

/// Is somebody to be found among those who have drift?
#[must_use]
pub fn is_drifting(person: &Person) -> bool {
    person.has_drift && person.merged.is_none()
}

/// The word of a text that tells the most of whom it means; none if nobody can be found by it.
#[must_use]
pub fn telling(text: &str) -> Option<String> {
    let words = split(text.split('@').next()?).into_iter();
    words
        .filter(|word| word.len() >= LEAST)
        .max_by_key(String::len)
}

/// Does each word of this text begin a word of the person's name or addresses?
#[must_use]
pub fn begin(person: &Person, text: &str) -> bool {
    let fields = ["name", "work_email", "personal_email"];
    let texts = fields.iter().filter_map(|name| person.text(name));
    let words: Vec<String> = texts.flat_map(split).collect();
    let is_begun = |wanted: &String| words.iter().any(|word| word.starts_with(wanted));
    split(text).iter().all(is_begun)
}

/// The words of a text: plain letters and digits, lower case.
fn split(text: &str) -> Vec<String> {
    let text: String = text.chars().take(LONGEST).collect();
    let plain = deunicode(&text).to_lowercase();
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{Identifiers, Merged};
    use crate::testing::a_person;

    fn finder() -> Finder {
        Finder::new(&[7; 32], true)
    }

    #[test]
    fn somebody_is_found_by_the_words_of_name_and_addresses() {
        let ada = a_person()
            .with("name", "Ada-Zoë Łukasiewicz O")
            .with("work_email", "ada.lukasiewicz@contoso.example")
            .with("personal_email", "zoe99+jobs@mail.example")
            .build();

        let words: Vec<String> = of(&ada).0.into_iter().collect();

        assert_eq!(words, ["=engineering", "ada", "lukasiew", "zoe", "zoe99"]);
        for text in [
            "ADA",
            "zoë łuk",
            "ada.luk",
            "zoe99+jobs@mail",
            "o ada",
            "lukasiewicz",
        ] {
            assert!(begin(&ada, text), "{text}");
        }
        for text in ["da", "ada park", "lukasiewiczx"] {
            assert!(!begin(&ada, text), "{text}");
        }
    }

    #[test]
    fn nobody_has_more_words_than_are_kept() {
        let many = "alpha beta gamma delta epsilon zeta eta theta iota kappa";
        let person = a_person().with("name", many).build();

        assert_eq!(of(&person).0.len(), MOST_WORDS + 1, "and the department");
        assert_eq!(format!("{:?}", of(&person)), "Words(9)");
    }

    #[test]
    fn the_most_telling_word_is_the_longest_before_the_at() {
        assert_eq!(telling("Ada Park").as_deref(), Some("park"));
        assert_eq!(telling("ada@contoso.example").as_deref(), Some("ada"));
        for text in ["", "a b", "@contoso.example"] {
            assert_eq!(telling(text), None, "{text}");
        }
    }

    #[test]
    fn marks_of_words_that_begin_alike_lie_together_and_no_others_there() {
        let finder = finder();
        let words = [
            "ad",
            "ada",
            "adam",
            "adrian",
            "ab",
            "park",
            "parkinson",
            "parkinsons",
        ];
        for beginning in ["ad", "ada", "adam", "par", "parkinso", "parkinson"] {
            let marks = finder.marks(beginning);
            let cut: String = beginning.chars().take(LETTERS).collect();
            for word in words {
                let is_in = marks.have(finder.mark(word));
                assert_eq!(is_in, word.starts_with(&cut), "{beginning} {word}");
            }
        }
    }

    #[test]
    fn a_mark_says_nothing_without_the_secret_and_reads_as_it_is_written() {
        let mark = finder().mark("park");

        assert_ne!(mark, Finder::new(&[8; 32], true).mark("park"));
        assert_eq!(mark, finder().mark("park"));
        assert_eq!(Mark::try_from(String::from(mark)), Ok(mark));
        assert!(Mark::try_from("park".to_owned()).is_err());
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let word = Word {
            mark: Mark([0x1a; 16]),
            person: PersonId::parse("per_1").unwrap(),
        };
        let text = serde_json::to_string(&word).unwrap();
        let old = r#"{"secret":"07","is_complete":true}"#;
        let mut finder: Finder = serde_json::from_str(old).unwrap();

        assert_eq!(
            text,
            r#"{"mark":"1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a","person":"per_1"}"#
        );
        assert_eq!(serde_json::from_str::<Word>(&text).unwrap(), word);
        assert!(finder.is_complete && !finder.has_departments);
        assert!(!finder.has_holders && finder.drift_looked_at.is_none());
        finder.has_departments = true;
        assert_eq!(
            serde_json::to_string(&finder).unwrap(),
            r#"{"secret":"07","is_complete":true,"has_departments":true,"has_holders":false}"#
        );
    }

    #[test]
    fn somebody_with_two_such_words_is_found_once() {
        let mut person = a_person().with("name", "Mara Marsh").build();
        person.words = of(&person);
        let (finder, marks) = (finder(), finder().marks("mar"));

        let keys = finder.keys(&person.words, &person);
        let within = keys.iter().filter_map(|key| match key {
            Key::Word(mark, _) if marks.have(*mark) => Some(*mark),
            _ => None,
        });
        let within: Vec<Mark> = within.collect();

        assert_eq!(within.len(), 2);
        assert_eq!(finder.first(&person, "mar"), within.iter().min().copied());
        assert_eq!(finder.first(&person, "x"), None);
    }

    /// Where somebody who became known then lies among those of their department.
    fn place_of(finder: &Finder, department: &str, known_at: i64) -> Option<Mark> {
        let mut person = a_person().with("department", department).build();
        person.created_at = Timestamp::from_second(known_at).unwrap();
        let marks = finder.department("Research & Development").unwrap();
        let keys = finder.keys(&of(&person), &person).into_iter();
        let mut found = keys.filter_map(|key| match key {
            Key::Word(mark, _) if marks.have(mark) => Some(mark),
            _ => None,
        });
        found.next()
    }

    #[test]
    fn people_of_a_department_lie_together_newest_first_and_no_others_there() {
        let finder = finder();
        let known_at = [1_900_000_000, 1_800_000_001, 1_800_000_000, 1];
        let places = known_at.map(|at| place_of(&finder, "research & DEVELOPMENT ", at).unwrap());

        assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
        for other in [
            "Research",
            "Development",
            "Research & Developments",
            " ",
            "",
        ] {
            assert_eq!(place_of(&finder, other, 0), None, "{other:?}");
        }
        assert_eq!(finder.department(" "), None);
        let another = Finder::new(&[8; 32], true);
        assert_ne!(another.department("Sales"), finder.department("Sales"));
    }

    #[test]
    fn whoever_has_drift_lies_with_the_others_who_have_and_with_nobody_else() {
        let finder = finder();
        let places = |has_drift: bool| {
            let mut person = a_person().with("department", "!drift").build();
            person.has_drift = has_drift;
            let keys = finder.keys(&of(&person), &person).into_iter();
            let marks = finder.drift();
            let is_in = |key: &Key| matches!(key, Key::Word(mark, _) if marks.have(*mark));
            keys.filter(is_in).count()
        };

        assert_eq!((places(true), places(false)), (1, 0));
    }

    #[test]
    fn whoever_was_merged_away_is_of_no_department() {
        let mut person = a_person().build();
        assert!(is_of(&person, "engineering"));
        assert!(!is_of(&person, "Sales") && !is_of(&person, ""));

        person.merged = Some(Merged {
            into: PersonId::derived(&["bo"]),
            at: Timestamp::UNIX_EPOCH,
            state: person.state,
            leaves_at: None,
            identifiers: Identifiers::default(),
            gained: Identifiers::default(),
            claims: BTreeSet::new(),
            erasure: None,
        });

        assert!(!is_of(&person, "Engineering"));
        assert!(of(&person).is_empty());
    }
}
