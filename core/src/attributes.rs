//! Attributes: which Lever field feeds which attribute, normalised by aliases, read once when an event happens (L4).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::address::{Split, numbered, plain, split_name};
use crate::holidays::days_off;
use crate::lever::{Candidacy, Needs};
use crate::mistake::Mistake;
use crate::moment;
use crate::path::Path;
use crate::person::{Attributes, Person};
use crate::schedule::Place;
use crate::template::{Encoding, Placeholders, Template};
use crate::value::ValueExpression;

/// Alias lists of one attribute: the value that counts → what it is also called.
pub type Aliases = BTreeMap<String, Vec<String>>;

/// The attributes file (`lifecycle.md`, "Attributes").
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributesFile {
    /// Who is asked for what is missing of people: an address or `role:…`; administrators if nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Attribute → how its value is made; the built-in ones if absent.
    #[serde(default = "built_in")]
    pub attributes: Map<String, Value>,
    /// Attribute → aliases.
    #[serde(default)]
    pub aliases: BTreeMap<String, Aliases>,
    /// Location → where and when people work there.
    #[serde(default)]
    pub locations: BTreeMap<String, Location>,
    /// Without these a run waits for a human.
    #[serde(default)]
    pub required: Vec<String>,
}

/// Where and when people of a location work.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// IANA name.
    pub timezone: String,
    /// Days off besides the weekend: the text of an iCalendar file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays: Option<String>,
    /// Days off besides the weekend, one by one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub dates: BTreeSet<Date>,
}

impl Default for AttributesFile {
    fn default() -> Self {
        let required = vec!["name".to_owned(), "personal_email".to_owned()];
        Self {
            owner: None,
            attributes: built_in(),
            aliases: BTreeMap::new(),
            locations: BTreeMap::new(),
            required,
        }
    }
}

/// What can be known of everybody without configuration; a work address needs a domain, so it is not here.
fn built_in() -> Map<String, Value> {
    let attributes = serde_json::json!({
        "name": { "first_of": ["opportunity.name", "contact.name"] },
        "personal_email": { "first_of": ["opportunity.emails[0]", "contact.emails[0]"] },
        "department": "posting.categories.department",
        "team": "posting.categories.team",
        "location": "posting.categories.location",
        "title": { "first_of": ["offer.fields[identifier=job_title].value", "posting.text"] },
        "start_date": "offer.fields[identifier=anticipated_start_date].value",
    });
    match attributes {
        Value::Object(attributes) => attributes,
        _ => Map::new(),
    }
}

/// How one attribute is made.
#[derive(Clone, PartialEq, Debug)]
enum Source {
    /// From the document.
    Expression(ValueExpression),
    /// A work address by pattern.
    Address(Template),
    /// The address of the Lever user whose id stands at a path.
    UserEmail(Path),
}

/// The attributes file, checked.
#[derive(Clone, Debug)]
pub struct Mapping {
    sources: Vec<(String, Source)>,
    file: AttributesFile,
    zones: BTreeMap<String, Place>,
}

impl Mapping {
    /// Checks the file.
    ///
    /// # Errors
    /// All mistakes.
    pub fn compile(file: AttributesFile) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut sources = Vec::new();
        for (name, value) in &file.attributes {
            match source(value, &format!("attributes.{name}")) {
                Ok(source) => sources.push((name.clone(), source)),
                Err(more) => mistakes.extend(more),
            }
        }
        let mut zones = BTreeMap::new();
        for (name, location) in &file.locations {
            let mut holidays = location.dates.clone();
            match location.holidays.as_deref().map(days_off) {
                Some(Ok(days)) => holidays.extend(days),
                Some(Err(error)) => mistakes.push(Mistake::new(
                    format!("locations.{name}.holidays"),
                    error.to_string(),
                )),
                None => {}
            }
            match TimeZone::get(&location.timezone) {
                Ok(zone) => {
                    zones.insert(name.clone(), Place { zone, holidays });
                }
                Err(_) => mistakes.push(Mistake::new(
                    format!("locations.{name}.timezone"),
                    format!(
                        "`{}` is no time zone; they are named as in `Europe/Berlin`",
                        location.timezone
                    ),
                )),
            }
        }
        for (place, name) in file.required.iter().enumerate() {
            let derived = matches!(name.as_str(), "first_name" | "last_name");
            if !derived && !file.attributes.contains_key(name) {
                let message = format!("no attribute is called `{name}`");
                mistakes.push(Mistake::new(format!("required[{place}]"), message));
            }
        }
        if mistakes.is_empty() {
            Ok(Self {
                sources,
                file,
                zones,
            })
        } else {
            Err(mistakes)
        }
    }

    /// The file it was made from.
    #[must_use]
    pub fn file(&self) -> &AttributesFile {
        &self.file
    }

    /// What has to be read from Lever for it.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for (_, source) in &self.sources {
            match source {
                Source::Expression(expression) => needs.paths.extend(expression.paths().cloned()),
                Source::UserEmail(path) => {
                    needs.paths.push(path.clone());
                    needs.users.push(path.clone());
                }
                Source::Address(_) => {}
            }
        }
        needs
    }

    /// The work address of a number for somebody with these attributes; none without a pattern or a usable name.
    #[must_use]
    pub fn address(&self, attributes: &Attributes, number: u32) -> Option<String> {
        let template = self
            .sources
            .iter()
            .find_map(|(name, source)| match source {
                Source::Address(template) if name == "work_email" => Some(template),
                _ => None,
            })?;
        let part = |name: &str| Value::from(plain(attributes.text(name).unwrap_or_default()));
        let address = template
            .render(|name| Some(part(name)), Encoding::None)
            .ok()?;
        numbered(&address, number)
    }

    /// The attributes of a position, as far as they are read from Lever: name and addresses are the human's.
    pub fn of_position(&self) -> impl Iterator<Item = &str> {
        let names = self.sources.iter().map(|(name, _)| name.as_str());
        names.filter(|name| !OF_A_HUMAN.contains(name))
    }

    /// Reads the attributes of a candidacy. What Lever does not say is left out, never set to nothing.
    #[must_use]
    pub fn read(&self, candidacy: &Candidacy) -> Read {
        let mut read = Read::default();
        for (name, source) in &self.sources {
            let value = match source {
                Source::Expression(expression) => expression.evaluate(&candidacy.document),
                Source::UserEmail(path) => user_email(&candidacy.document, path),
                Source::Address(_) => None,
            };
            let Some(value) = value.filter(|value| !value.is_null() && value.as_str() != Some(""))
            else {
                continue;
            };
            let value = if name == "start_date" {
                as_date(&value)
            } else {
                Some(value)
            };
            match value {
                Some(value) => self.normalise(name, value, &mut read),
                None => {
                    read.unmapped.insert(name.clone());
                }
            }
        }
        split_into(&mut read.attributes);
        read
    }

    /// Attributes that came from elsewhere than Lever, by the same aliases and the same split of the name.
    #[must_use]
    pub fn normalised(&self, given: &Attributes) -> Read {
        let mut read = Read::default();
        for (name, value) in given.iter() {
            self.normalise(name, value.clone(), &mut read);
        }
        split_into(&mut read.attributes);
        read
    }

    fn normalise(&self, name: &str, value: Value, read: &mut Read) {
        let Some(aliases) = self.file.aliases.get(name) else {
            read.attributes.set(name, value);
            return;
        };
        let text = value.as_str().map(str::trim).unwrap_or_default();
        let known = aliases
            .iter()
            .find(|(counts, also)| *counts == text || also.iter().any(|alias| alias == text));
        match known {
            Some((counts, _)) => read.attributes.set(name, counts.clone()),
            None => {
                read.unmapped.insert(name.to_owned());
                read.attributes.set(name, value);
            }
        }
    }

    /// Where and when a person works; UTC without holidays if the location is not configured.
    #[must_use]
    pub fn place(&self, person: &Person) -> Place {
        person
            .text("location")
            .and_then(|location| self.zones.get(location))
            .cloned()
            .unwrap_or_default()
    }

    /// The required attributes that a person lacks, and the work address where it is to be made and could not be, or is told
    /// and somebody else's.
    #[must_use]
    pub fn missing(&self, person: &Person) -> Vec<String> {
        let lacks = |name: &&String| {
            let unmapped = person.unmapped.contains(*name) && person.corrected.get(name).is_none();
            person.attribute(name).is_none() || unmapped
        };
        let mut missing: Vec<String> = self.file.required.iter().filter(lacks).cloned().collect();
        // Wanted, and nothing it could be made of: a name written family-first, for one.
        let address = "work_email";
        if (self.makes_addresses() || person.unmapped.contains(address))
            && person.text(address).is_none()
            && !missing.iter().any(|name| name == address)
        {
            missing.push(address.to_owned());
        }
        missing
    }

    fn makes_addresses(&self) -> bool {
        self.sources
            .iter()
            .any(|(name, source)| name == "work_email" && matches!(source, Source::Address(_)))
    }
}

/// Attributes as they were read.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Read {
    /// By name, normalised.
    pub attributes: Attributes,
    /// Attributes whose value no alias knows, or that cannot be read: reported, and unknown to conditions.
    pub unmapped: BTreeSet<String>,
}

/// What stays the same from position to position.
const OF_A_HUMAN: [&str; 5] = [
    "name",
    "first_name",
    "last_name",
    "personal_email",
    "work_email",
];

/// The parts of a name.
pub const NAME_PARTS: [&str; 2] = ["first_name", "last_name"];

impl Read {
    /// Puts it into a person. The parts of a name go with it: those of another name do not stay, those of a name that was
    /// corrected by hand do.
    pub fn put_into(&self, person: &mut Person) {
        let name = self.attributes.get("name");
        let is_corrected = person.corrected.get("name").is_some();
        if !is_corrected && name.is_some() && name != person.attributes.get("name") {
            for part in NAME_PARTS {
                person.attributes.remove(part);
            }
        }
        for (name, value) in self.attributes.iter() {
            if is_corrected && NAME_PARTS.contains(&name.as_str()) {
                continue;
            }
            person.attributes.set(name.clone(), value.clone());
            person.unmapped.remove(name);
        }
        person.unmapped.extend(self.unmapped.iter().cloned());
    }
}

/// First and last name from the name, unless they are mapped themselves.
pub fn split_into(attributes: &mut Attributes) {
    if attributes.get("first_name").is_some() || attributes.get("last_name").is_some() {
        return;
    }
    let Some(name) = attributes.text("name") else {
        return;
    };
    if let Split::Parts { first, last } = split_name(name) {
        attributes.set("first_name", first);
        if let Some(last) = last {
            attributes.set("last_name", last);
        }
    }
}

fn source(value: &Value, at: &str) -> Result<Source, Vec<Mistake>> {
    let only = |key: &str| {
        value
            .as_object()
            .filter(|object| object.len() == 1)
            .and_then(|object| object.get(key))
    };
    if let Some(address) = only("address") {
        let text = address.as_str().filter(|text| text.contains('@'));
        let text = text.ok_or_else(|| {
            vec![Mistake::new(
                format!("{at}.address"),
                "a text such as \"{first_name}.{last_name}@contoso.example\"",
            )]
        })?;
        return Template::parse(text, Placeholders::AnyName)
            .map(Source::Address)
            .map_err(|error| vec![Mistake::new(format!("{at}.address"), error.to_string())]);
    }
    if let Some(path) = only("user_email") {
        let text = path.as_str().ok_or_else(|| {
            vec![Mistake::new(
                format!("{at}.user_email"),
                "a path to a Lever user's id",
            )]
        })?;
        return Path::parse(text)
            .map(Source::UserEmail)
            .map_err(|error| vec![Mistake::new(format!("{at}.user_email"), error.to_string())]);
    }
    ValueExpression::compile(value, at).map(Source::Expression)
}

fn user_email(document: &Value, path: &Path) -> Option<Value> {
    let id = path.find(document)?;
    let id = id.as_str()?;
    document.get("users")?.get(id)?.get("email").cloned()
}

/// A calendar day as text; Lever's dates are midnight UTC in milliseconds.
fn as_date(value: &Value) -> Option<Value> {
    moment::to_date(value).map(|date| Value::from(date.to_string()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::ids::LeverId;
    use crate::lever::OfferState;

    fn mapping(file: Value) -> Mapping {
        Mapping::compile(serde_json::from_value(file).unwrap()).unwrap()
    }

    fn a_candidacy(document: Value) -> Candidacy {
        Candidacy {
            opportunity: LeverId::parse("o1").unwrap(),
            contact: None,
            archived: None,
            stage: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: None,
            application: None,
            offer: OfferState::None,
            emails: vec![],
            document,
        }
    }

    #[test]
    fn a_candidacy_is_read_and_normalised() {
        let mapping = mapping(json!({
            "attributes": {
                "name": "contact.name",
                "department": "posting.categories.department",
                "start_date": "offer.fields[identifier=anticipated_start_date].value",
                "manager": { "user_email": "offer.fields[identifier=hiring_manager].value" },
                "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
            },
            "aliases": { "department": { "Engineering": ["Eng", "R&D"] } },
        }));

        let read = mapping.read(&a_candidacy(json!({
            "contact": { "name": "Jürgen van Dyk" },
            "posting": { "categories": { "department": "R&D" } },
            "offer": { "fields": [
                { "identifier": "anticipated_start_date", "value": 1_769_990_400_000_i64 },
                { "identifier": "hiring_manager", "value": "u1" },
            ] },
            "users": { "u1": { "email": "tomas@contoso.example" } },
        })));

        let text = |name| read.attributes.text(name).map(str::to_owned);
        assert_eq!(text("department").as_deref(), Some("Engineering"));
        assert_eq!(text("start_date").as_deref(), Some("2026-02-02"));
        assert_eq!(text("manager").as_deref(), Some("tomas@contoso.example"));
        assert_eq!(
            mapping.address(&read.attributes, 1).as_deref(),
            Some("juergen.vandyk@contoso.example")
        );
        assert!(read.unmapped.is_empty());
    }

    #[test]
    fn a_value_that_no_alias_knows_is_reported_and_kept() {
        let mapping = mapping(json!({
            "attributes": { "department": "posting.categories.department" },
            "aliases": { "department": { "Engineering": ["Eng"] } },
        }));

        let read = mapping.read(&a_candidacy(
            json!({ "posting": { "categories": { "department": "Skunkworks" } } }),
        ));

        assert!(read.unmapped.contains("department"));
        assert_eq!(read.attributes.text("department"), Some("Skunkworks"));
    }

    #[test]
    fn the_parts_of_a_name_go_with_it() {
        let mapping = mapping(json!({ "attributes": { "name": "contact.name" } }));
        let read = |name: &str| mapping.read(&a_candidacy(json!({ "contact": { "name": name } })));
        let mut person = crate::testing::a_person().build();
        let last_name = |person: &Person| person.text("last_name").map(str::to_owned);

        read("Ada Park").put_into(&mut person);
        assert_eq!(last_name(&person).as_deref(), Some("Park"));
        read("Ada").put_into(&mut person);
        assert_eq!(last_name(&person), None);

        person.corrected.set("name", "Ada King");
        person.attributes.set("last_name", "King");
        read("Ada Lovelace").put_into(&mut person);
        assert_eq!(last_name(&person).as_deref(), Some("King"));
        assert_eq!(person.attributes.text("name"), Some("Ada Lovelace"));
    }

    #[test]
    fn every_mistake_of_the_file_is_told_at_once() {
        let file = json!({
            "attributes": { "a": "x[", "work_email": { "address": "no at" } },
            "locations": { "Berlin": { "timezone": "Berlin" } },
            "required": ["b"],
        });

        let mistakes = Mapping::compile(serde_json::from_value(file).unwrap()).unwrap_err();

        let places: Vec<&str> = mistakes
            .iter()
            .map(|mistake| mistake.path.as_str())
            .collect();
        assert_eq!(
            places,
            [
                "attributes.a",
                "attributes.work_email.address",
                "locations.Berlin.timezone",
                "required[0]"
            ]
        );
    }
}
