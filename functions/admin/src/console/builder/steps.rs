//! The steps of the wizard, in the order of an application's documentation, and the fields of each.

use sando_core::app::CustomField;
use sando_core::company::Company;
use sando_core::definition::pagination_styles;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kind::{
    Field, Kind, described, keys_of_auth, kind_of, parted_auth, parted_paging, types_of_auth,
};
use super::place::{below, get};
use crate::console::words;

/// A step of the wizard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Which application, where it is.
    General,
    /// How requests authenticate.
    Auth,
    /// The list of users.
    Endpoint,
    /// Trying it.
    Test,
    /// What the fields mean.
    Fields,
    /// What is wrong, and saving.
    Review,
    /// The whole as a file.
    Yaml,
}

impl Step {
    /// All, in order.
    pub(super) const ALL: [Self; 7] = [
        Self::General,
        Self::Auth,
        Self::Endpoint,
        Self::Test,
        Self::Fields,
        Self::Review,
        Self::Yaml,
    ];

    /// In addresses.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Auth => "auth",
            Self::Endpoint => "endpoint",
            Self::Test => "test",
            Self::Fields => "fields",
            Self::Review => "review",
            Self::Yaml => "yaml",
        }
    }

    /// The step of an address.
    pub(super) fn find(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.path() == path)
    }

    /// The one after it.
    pub(super) fn next(self) -> Option<Self> {
        let place = Self::ALL.iter().position(|step| *step == self)?;
        let next = Self::ALL.get(place.saturating_add(1)).copied();
        next.filter(|next| *next != Self::Yaml)
    }

    /// Does the test panel stand beside it?
    pub(super) fn has_panel(self) -> bool {
        matches!(self, Self::Endpoint | Self::Test | Self::Fields)
    }

    /// Where a mistake is corrected.
    pub(super) fn of_mistake(path: &str) -> Self {
        let first = path.split(['.', '[']).next().unwrap_or_default();
        match first {
            "auth" => Self::Auth,
            "users" if path.starts_with("users.where") => Self::Fields,
            "users" | "steps" | "errors" | "limits" => Self::Endpoint,
            "map" | "status" | "licenses" | "custom_fields" | "users_without_email" => Self::Fields,
            _ => Self::General,
        }
    }
}

/// Fields that belong together.
pub(super) struct Section {
    /// What they are about.
    pub(super) title: &'static str,
    /// What to know.
    pub(super) hint: &'static str,
    /// A choice that decides which fields there are: where it stands, what is chosen, from what.
    pub(super) variant: Option<Variant>,
    /// The fields.
    pub(super) fields: Vec<Field>,
    /// Shown when it is asked for: most definitions do without.
    pub(super) is_more: bool,
}

/// A choice that decides which fields there are.
pub(super) struct Variant {
    /// Where what is chosen stands.
    pub(super) at: &'static str,
    /// What is chosen.
    pub(super) chosen: String,
    /// The word, and what people call it.
    pub(super) choices: Vec<(String, String)>,
}

impl Section {
    fn of(title: &'static str, hint: &'static str, fields: Vec<Field>) -> Self {
        Self {
            title,
            hint,
            variant: None,
            fields,
            is_more: false,
        }
    }

    fn more(self) -> Self {
        Self {
            is_more: true,
            ..self
        }
    }

    fn with(self, variant: Variant) -> Self {
        Self {
            variant: Some(variant),
            ..self
        }
    }
}

/// The sections of a step, as they follow from what is written so far.
pub(super) fn sections(step: Step, file: &Value, company: &Company) -> Vec<Section> {
    match step {
        Step::General => general(company),
        Step::Auth => auth(file),
        Step::Endpoint => endpoint(file),
        Step::Fields => fields(file, company),
        Step::Test | Step::Review | Step::Yaml => Vec::new(),
    }
}

fn general(company: &Company) -> Vec<Section> {
    let mut known: Vec<String> = company.apps.keys().map(ToString::to_string).collect();
    known.sort();
    let hint = if known.is_empty() {
        words::APP_UNKNOWN.to_owned()
    } else {
        format!("{} {}.", words::APP_KNOWN, known.join(", "))
    };
    vec![
        Section::of(
            "",
            "",
            vec![
                Field::called(
                    "/app".to_owned(),
                    Kind::Text,
                    "Application".to_owned(),
                    hint,
                ),
                Field::new("/name", Kind::Text),
                Field::new("/base_url", Kind::Text),
                Field::new("/variables", Kind::Yaml),
            ],
        ),
        Section::of(
            words::MORE_HOSTS,
            "",
            vec![
                Field::new("/hosts", Kind::Lines),
                Field::new("/headers", Kind::Yaml),
            ],
        )
        .more(),
    ]
}

/// Is this a type that is said in the file?
pub(super) fn is_said(word: &str) -> bool {
    word != PRESET
}

/// The type that is chosen at a place.
pub(super) fn chosen(file: &Value, at: &str, usual: &str) -> String {
    let found = get(file, &below(at, "type")).and_then(Value::as_str);
    found.unwrap_or(usual).to_owned()
}

fn auth(file: &Value) -> Vec<Section> {
    let chosen = chosen(file, "/auth", "none");
    let fields = |keys: Vec<&'static str>| {
        let fields = keys.into_iter().filter_map(|key| {
            let at = below("/auth", key);
            let kind = kind_of(described(&at, &chosen)?);
            Some(Field::new(at, kind))
        });
        fields.collect::<Vec<Field>>()
    };
    let (usual, rare) = parted_auth(&chosen);
    let (usual, rare) = (fields(usual), fields(rare));
    let choices = types_of_auth().into_iter().map(|word| {
        let name = words::auth_type(&word).to_owned();
        (word, name)
    });
    let usual = Section::of("", words::AUTH_HINT, usual).with(Variant {
        at: "/auth",
        chosen,
        choices: choices.collect(),
    });
    with_rare(usual, words::MORE_AUTH, rare)
}

/// A section, and what few need of it.
fn with_rare(usual: Section, title: &'static str, rare: Vec<Field>) -> Vec<Section> {
    let rare = (!rare.is_empty()).then(|| Section::of(title, "", rare).more());
    std::iter::once(usual).chain(rare).collect()
}

/// The keys that a type has.
pub(super) fn keys_of(at: &str, chosen: &str) -> Vec<&'static str> {
    if at == "/auth" {
        return keys_of_auth(chosen);
    }
    // A preset pages by offset.
    let chosen = if chosen == PRESET { "offset" } else { chosen };
    let style = pagination_styles().find(|(word, _)| *word == chosen);
    style.map(|(_, keys)| keys).unwrap_or_default()
}

/// Where the list goes on as a preset does it, `type` is not said.
const PRESET: &str = "preset";

fn pagination(file: &Value) -> Vec<Section> {
    let at = "/users/pagination";
    let has_preset = get(file, "/users/preset").is_some();
    let chosen = chosen(file, at, if has_preset { PRESET } else { "none" });
    let field = |key: &str| {
        let at = below(at, key);
        let kind = match key {
            "start" => Kind::Number,
            // Lists of one word are shown as they are written.
            "stop" => Kind::Yaml,
            _ => kind_of(described(&at, "")?),
        };
        Some(Field::new(at, kind))
    };
    let (usual, rare) = parted_paging(keys_of(at, &chosen));
    let fields = usual.into_iter().filter_map(field).collect();
    let rare = rare.into_iter().filter_map(field).collect();
    let choices =
        pagination_styles().map(|(word, _)| (word.to_owned(), words::paging(word).to_owned()));
    let usual = Section::of(words::PAGINATION, "", fields).with(Variant {
        at,
        chosen,
        choices: choices.collect(),
    });
    with_rare(usual, words::MORE_PAGING, rare)
}

fn words_of(at: &str) -> Kind {
    described(at, "").map_or(Kind::Text, kind_of)
}

fn endpoint(file: &Value) -> Vec<Section> {
    let request = Section::of(
        "",
        "",
        vec![
            Field::new("/users/preset", words_of("/users/preset")),
            Field::new("/users/method", words_of("/users/method")),
            Field::new("/users/path", Kind::Text),
            Field::new("/users/query", Kind::Yaml),
            Field::new("/users/headers", Kind::Yaml),
            Field::new("/users/body", Kind::Yaml),
            Field::new("/users/response_path", Kind::Text),
        ],
    );
    let more = Section::of(
        words::MORE_REQUESTS,
        words::MORE_REQUESTS_HINT,
        [
            "form",
            "absent_is_empty",
            "keep",
            "for_each",
            "passes",
            "details",
            "join",
        ]
        .into_iter()
        .map(|key| below("/users", key))
        .chain(["/steps", "/errors", "/limits"].map(str::to_owned))
        .map(|at| {
            let kind = match at.as_str() {
                "/users/absent_is_empty" => Kind::Flag(false),
                _ => Kind::Yaml,
            };
            Field::new(at, kind)
        })
        .collect(),
    )
    .more();
    let mut all = vec![request];
    all.extend(pagination(file));
    all.push(more);
    all
}

fn fields(file: &Value, company: &Company) -> Vec<Section> {
    let mapped = [
        "external_id",
        "email",
        "username",
        "full_name",
        "first_name",
        "last_name",
        "role",
    ];
    let times = ["created_at", "last_visit_at", "kind"];
    let of_map = |keys: &[&str]| {
        let fields = keys
            .iter()
            .map(|key| Field::new(below("/map", key), Kind::Expression));
        fields.collect::<Vec<_>>()
    };
    let mut all = of_map(&mapped);
    all.extend(of_map(&times));
    all.push(Field::new(
        "/users_without_email",
        words_of("/users_without_email"),
    ));
    vec![
        Section::of(words::MAPPING, words::MAPPING_HINT, all),
        Section::of(
            words::STATUS,
            words::STATUS_HINT,
            vec![
                Field::new("/status/active_when", Kind::Conditions),
                Field::new("/users/where", Kind::Conditions),
            ],
        ),
        in_app(file),
        licenses(file),
        custom_fields(file, company),
    ]
}

fn in_app(file: &Value) -> Section {
    let at = "/status/in_app";
    let (chosen, fields) = match get(file, at) {
        Some(Value::Object(fields)) if fields.contains_key("conditions") => (
            "conditions",
            vec![Field::new(
                "/status/in_app/conditions",
                Kind::Groups("label"),
            )],
        ),
        Some(Value::Object(fields)) if fields.contains_key("field") || fields.is_empty() => (
            "field",
            vec![Field::new("/status/in_app/field", Kind::Expression)],
        ),
        None => ("auto", Vec::new()),
        Some(value) if value == "auto" => ("auto", Vec::new()),
        Some(_) => ("auto", vec![Field::new(at, Kind::Yaml)]),
    };
    Section::of(words::IN_APP, words::IN_APP_HINT, fields).with(Variant {
        at,
        chosen: chosen.to_owned(),
        choices: words::in_app_choices(),
    })
}

fn licenses(file: &Value) -> Section {
    let at = "/licenses";
    let (chosen, fields) = match get(file, at) {
        Some(Value::Object(fields)) if fields.contains_key("conditions") || fields.is_empty() => (
            "conditions",
            vec![Field::new("/licenses/conditions", Kind::Groups("name"))],
        ),
        None => ("auto", Vec::new()),
        Some(value) if value == "auto" || value.get("auto") == Some(&Value::Bool(true)) => {
            ("auto", Vec::new())
        }
        Some(Value::Object(fields)) if fields.get("auto").is_some_and(Value::is_object) => {
            ("named", vec![Field::new("/licenses/auto/name", Kind::Text)])
        }
        Some(_) => ("auto", vec![Field::new(at, Kind::Yaml)]),
    };
    Section::of(words::LICENSES, words::LICENSES_HINT, fields).with(Variant {
        at,
        chosen: chosen.to_owned(),
        choices: words::license_choices(),
    })
}

/// What people call the type of a custom field.
fn type_of(kind: CustomField) -> &'static str {
    match kind {
        CustomField::Text => "Text",
        CustomField::Number => "Number",
        CustomField::Email => "Email",
        CustomField::Date => "Date",
        CustomField::MultiValue => "Several values",
        CustomField::User => "User",
    }
}

fn custom_fields(file: &Value, company: &Company) -> Section {
    let at = "/custom_fields";
    let name = get(file, "/app")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let app = company.apps.iter().find(|(id, _)| id.as_str() == name);
    let types = app.map(|(_, app)| &app.custom_fields);
    let written = get(file, at).and_then(Value::as_object);
    let other = written.into_iter().flat_map(|fields| fields.keys());
    let other = other.filter(|name| types.is_none_or(|types| !types.contains_key(*name)));
    let known = types.into_iter().flatten().map(|(name, kind)| {
        let hint = format!("{}.", type_of(*kind));
        Field::called(below(at, name), Kind::Expression, name.clone(), hint)
    });
    let other = other.map(|name| {
        let hint = words::FIELD_UNKNOWN.to_owned();
        Field::called(below(at, name), Kind::Expression, name.clone(), hint)
    });
    let fields: Vec<Field> = known.chain(other).collect();
    let hint = match (app, types.is_some_and(|types| !types.is_empty())) {
        (None, _) => words::FIELDS_NO_APP,
        (Some(_), false) => words::FIELDS_NONE,
        (Some(_), true) => words::FIELDS_HINT,
    };
    Section::of(words::CUSTOM_FIELDS, hint, fields)
}

/// Chooses a type at a place: what it shares with the one before stays.
pub(super) fn choose(file: &Value, at: &str, word: &str) -> Option<Value> {
    use serde_json::json;
    match (at, word) {
        ("/status/in_app" | "/licenses", "auto") => None,
        ("/status/in_app", "field") => Some(json!({ "field": "" })),
        ("/licenses", "named") => Some(json!({ "auto": { "name": "" } })),
        (_, "conditions") => Some(json!({ "conditions": [] })),
        _ => {
            let keys = keys_of(at, word);
            let mut made = serde_json::Map::new();
            if word != PRESET {
                made.insert("type".to_owned(), json!(word));
            }
            let before = get(file, at).and_then(Value::as_object);
            let shared = before.into_iter().flatten();
            let shared = shared.filter(|(key, _)| keys.contains(&key.as_str()));
            made.extend(shared.map(|(key, value)| (key.clone(), value.clone())));
            Some(Value::Object(made))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form offers nothing that a definition cannot say.
    #[test]
    fn every_field_is_one_of_the_schema() {
        let company = Company::empty().unwrap();
        for kind in types_of_auth() {
            let file = serde_json::json!({ "auth": { "type": kind } });
            for step in Step::ALL {
                for section in sections(step, &file, &company) {
                    for field in section.fields {
                        assert!(described(&field.at, &kind).is_some(), "{}", field.at);
                    }
                }
            }
        }
        for (style, _) in pagination_styles() {
            let file = serde_json::json!({ "users": { "pagination": { "type": style } } });
            for section in sections(Step::Endpoint, &file, &company) {
                for field in section.fields {
                    assert!(described(&field.at, "").is_some(), "{}", field.at);
                }
            }
        }
    }
}
