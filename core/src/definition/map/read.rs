//! Reads `map`, `status`, `licenses` and `custom_fields`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{FullName, InApp, Kind, Licenses, Mapping};
use crate::{
    condition::Conditions,
    definition::file::{
        fields::{Fields, Mistakes, gathered},
        names::Names,
    },
    mistake::{self, Mistake},
    path::{Path, of_scalar},
    value::ValueExpression,
};

/// The keys of `map`.
pub(crate) const MAP_KEYS: [&str; 10] = [
    "external_id",
    "email",
    "username",
    "full_name",
    "first_name",
    "last_name",
    "role",
    "created_at",
    "last_visit_at",
    "kind",
];
/// The keys of `status`.
pub(crate) const STATUS_KEYS: [&str; 2] = ["active_when", "in_app"];
/// The keys of `in_app`.
pub(crate) const IN_APP_KEYS: [&str; 2] = ["field", "conditions"];
/// The keys of a branch of `in_app`.
const IN_APP_BRANCH_KEYS: [&str; 2] = ["when", "label"];
/// The keys of `licenses`.
pub(crate) const LICENSES_KEYS: [&str; 2] = ["auto", "conditions"];
/// The keys of `auto`.
const LICENSE_AUTO_KEYS: [&str; 1] = ["name"];
/// The keys of a licence.
const LICENSE_KEYS: [&str; 2] = ["name", "when"];
/// The kinds of users.
pub(crate) const KINDS: [(&str, Kind); 4] = [
    ("person", Kind::Person),
    ("bot", Kind::Bot),
    ("service", Kind::Service),
    ("guest", Kind::Guest),
];

impl Mapping {
    /// Reads everything that says how a record becomes a user; `aliases` are the names of details and joined items,
    /// `names` those that `$name` may mean.
    pub(crate) fn read(
        fields: Fields<'_>,
        aliases: &[&str],
        details: Option<&str>,
        names: &Names,
        out: &mut Mistakes,
    ) -> Option<Self> {
        let at = fields.place("map");
        if !fields.has("map") {
            fields.missing("map", out);
        }
        let status = status(fields, out);
        let licenses = licenses(fields, out);
        let custom = custom(fields, out);
        let keep_without_email = without_email(fields, out);
        let map = Fields::of(fields.get("map")?, &at, &MAP_KEYS, out)?;
        let external_id = required(map, "external_id", out);
        let email = required(map, "email", out);
        let mut optional = |key: &str| map.expression(key, out);
        let username = optional("username");
        let role = optional("role");
        let created_at = optional("created_at");
        let last_visit_at = optional("last_visit_at");
        let full_name = full_name(map, out);
        let kind = kind(map, out);
        let (active_when, in_app) = status;
        let mut mapping = Self {
            external_id: external_id?,
            email: email?,
            username,
            full_name,
            role,
            created_at,
            last_visit_at,
            kind,
            active_when,
            in_app,
            licenses,
            custom,
            keep_without_email,
            depends: BTreeMap::new(),
        };
        mapping.check_kept(names, out);
        if let Some(details) = details
            && mapping
                .external_id
                .paths()
                .any(|path| starts_with(path, details))
        {
            map.wrong(
                "external_id",
                "cannot come from the details, which are asked for by it",
                out,
            );
        }
        for alias in aliases {
            let outputs = mapping.outputs_of(alias);
            mapping.depends.insert((*alias).to_owned(), outputs);
        }
        Some(mapping)
    }

    /// All expressions by the name of their output.
    pub(crate) fn expressions(&self) -> Vec<(String, &ValueExpression)> {
        let mut all = vec![
            ("external_id".to_owned(), &self.external_id),
            ("email".to_owned(), &self.email),
        ];
        let optional = [
            ("username", &self.username),
            ("role", &self.role),
            ("created_at", &self.created_at),
            ("last_visit_at", &self.last_visit_at),
            ("kind", &self.kind),
        ];
        for (name, expression) in optional {
            all.extend(
                expression
                    .as_ref()
                    .map(|expression| (name.to_owned(), expression)),
            );
        }
        match &self.full_name {
            FullName::None => {}
            FullName::Whole(expression) => all.push(("full_name".to_owned(), expression)),
            FullName::Parts(parts) => {
                for part in parts.iter().flatten() {
                    all.push(("full_name".to_owned(), part));
                }
            }
        }
        if let InApp::Field(expression) = &self.in_app {
            all.push(("status".to_owned(), expression));
        }
        for (name, expression) in &self.custom {
            all.push((format!("custom_fields.{name}"), expression));
        }
        all
    }

    /// All paths that are read of a record.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        let expressions = self.expressions();
        let of_expressions = expressions
            .iter()
            .flat_map(|(_, expression)| expression.paths());
        let conditions = self.conditions();
        let of_conditions = conditions
            .iter()
            .flat_map(|(_, conditions)| conditions.paths());
        of_expressions.chain(of_conditions).collect()
    }

    /// All paths that are read of a record, to be exchanged for others.
    pub(crate) fn paths_mut(&mut self) -> Vec<&mut Path> {
        let mut expressions = vec![&mut self.external_id, &mut self.email];
        let optional = [
            &mut self.username,
            &mut self.role,
            &mut self.created_at,
            &mut self.last_visit_at,
            &mut self.kind,
        ];
        expressions.extend(optional.into_iter().flatten());
        match &mut self.full_name {
            FullName::None => {}
            FullName::Whole(expression) => expressions.push(expression),
            FullName::Parts(parts) => expressions.extend(parts.iter_mut().flatten()),
        }
        let mut conditions = vec![&mut self.active_when];
        match &mut self.in_app {
            InApp::Auto => {}
            InApp::Field(expression) => expressions.push(expression),
            InApp::Conditions(branches) => {
                conditions.extend(branches.iter_mut().map(|(when, _)| when))
            }
        }
        if let Licenses::Conditions(licenses) = &mut self.licenses {
            conditions.extend(licenses.iter_mut().map(|(_, when)| when));
        }
        expressions.extend(self.custom.iter_mut().map(|(_, expression)| expression));
        let of_expressions = expressions.into_iter().flat_map(ValueExpression::paths_mut);
        let of_conditions = conditions.into_iter().flat_map(Conditions::paths_mut);
        of_expressions.chain(of_conditions).collect()
    }

    /// All conditions by the name of the output that they decide.
    fn conditions(&self) -> Vec<(&'static str, &Conditions)> {
        let mut all = vec![("active", &self.active_when)];
        if let InApp::Conditions(branches) = &self.in_app {
            all.extend(branches.iter().map(|(when, _)| ("status", when)));
        }
        if let Licenses::Conditions(licenses) = &self.licenses {
            all.extend(licenses.iter().map(|(_, when)| ("licenses", when)));
        }
        all
    }

    fn outputs_of(&self, alias: &str) -> Vec<String> {
        let mut outputs = Vec::new();
        for (name, expression) in self.expressions() {
            if expression.paths().any(|path| starts_with(path, alias)) {
                outputs.push(name);
            }
        }
        for (name, conditions) in self.conditions() {
            if conditions.paths().any(|path| starts_with(path, alias)) {
                outputs.push(name.to_owned());
                if name == "active" && matches!(self.licenses, Licenses::Auto(_)) {
                    outputs.push("licenses".to_owned());
                }
                if name == "active" && matches!(self.in_app, InApp::Auto) {
                    outputs.push("status".to_owned());
                }
            }
        }
        outputs.sort();
        outputs.dedup();
        outputs
    }

    /// `$name` must be a variable, or kept by a request.
    fn check_kept(&self, names: &Names, out: &mut Mistakes) {
        for (output, expression) in self.expressions() {
            for name in expression.paths().filter_map(Path::kept_name) {
                if !names.has(name) {
                    out.push(kept_mistake(&place_of(&output), name, names));
                }
            }
        }
        for (output, conditions) in self.conditions() {
            let place = match output {
                "active" => "status.active_when",
                "status" => "status.in_app",
                other => other,
            };
            for name in conditions.paths().filter_map(Path::kept_name) {
                if !names.has(name) {
                    out.push(kept_mistake(place, name, names));
                }
            }
        }
    }
}

fn place_of(output: &str) -> String {
    match output {
        "status" => "status.in_app.field".to_owned(),
        custom if custom.starts_with("custom_fields.") => custom.to_owned(),
        field => mistake::join("map", field),
    }
}

fn kept_mistake(place: &str, name: &str, names: &Names) -> Mistake {
    match mistake::nearest(name, names.iter()) {
        Some(meant) => Mistake::new(
            place,
            format!("`${name}` is not kept by any request, did you mean `${meant}`?"),
        ),
        None => Mistake::new(
            place,
            format!("`${name}` is neither a variable nor kept by any request"),
        ),
    }
}

fn starts_with(path: &Path, alias: &str) -> bool {
    path.leading_keys().next() == Some(alias)
}

fn required(map: Fields<'_>, key: &str, out: &mut Mistakes) -> Option<ValueExpression> {
    if !map.has(key) {
        map.missing(key, out);
    }
    map.expression(key, out)
}

fn full_name(map: Fields<'_>, out: &mut Mistakes) -> FullName {
    let first = map.expression("first_name", out);
    let last = map.expression("last_name", out);
    if !map.has("full_name") {
        return match (first, last) {
            (None, None) => FullName::None,
            parts => FullName::Parts(Box::new(parts.into())),
        };
    }
    for key in ["first_name", "last_name"] {
        if map.has(key) {
            map.wrong(key, "cannot stand beside `full_name`", out);
        }
    }
    map.expression("full_name", out)
        .map_or(FullName::None, |whole| FullName::Whole(Box::new(whole)))
}

fn kind(map: Fields<'_>, out: &mut Mistakes) -> Option<ValueExpression> {
    let expression = map.expression("kind", out)?;
    let known = || KINDS.iter().map(|(word, _)| *word);
    let place = map.place("kind");
    let file = expression.to_value();
    let mut check = |value: &Value, place: String| {
        let text = of_scalar(value);
        if !text
            .as_deref()
            .is_some_and(|text| known().any(|word| word == text))
        {
            let text = text.unwrap_or_default().into_owned();
            out.push(mistake::unknown_word("kind", &place, &text, known()));
        }
    };
    if let Some(Value::Object(words)) = file.get("map") {
        for (from, to) in words {
            check(to, mistake::join(&mistake::join(&place, "map"), from));
        }
    }
    if let Some(default) = file.get("default") {
        check(default, mistake::join(&place, "default"));
    }
    Some(expression)
}

fn status(fields: Fields<'_>, out: &mut Mistakes) -> (Conditions, InApp) {
    let at = fields.place("status");
    let usual = (Conditions::default(), InApp::Auto);
    let Some(inner) = fields
        .get("status")
        .and_then(|value| Fields::of(value, &at, &STATUS_KEYS, out))
    else {
        return usual;
    };
    let active_when = inner.conditions("active_when", out).unwrap_or_default();
    (active_when, in_app(inner, out).unwrap_or(InApp::Auto))
}

fn in_app(fields: Fields<'_>, out: &mut Mistakes) -> Option<InApp> {
    let value = fields.get("in_app")?;
    if value == "auto" {
        return Some(InApp::Auto);
    }
    if value.is_string() {
        fields.wrong(
            "in_app",
            "must be `auto`, or an object with `field` or `conditions`",
            out,
        );
        return None;
    }
    let at = fields.place("in_app");
    let inner = Fields::of(value, &at, &IN_APP_KEYS, out)?;
    match (inner.has("field"), inner.has("conditions")) {
        (true, false) => inner
            .expression("field", out)
            .map(|field| InApp::Field(Box::new(field))),
        (false, true) => {
            let here = inner.place("conditions");
            let items = inner.list("conditions", out)?;
            let mut branches = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let is_last = index + 1 == items.len();
                branches.extend(branch(item, &mistake::item(&here, index), is_last, out));
            }
            if items.is_empty() {
                inner.wrong("conditions", "must not be empty", out);
            }
            Some(InApp::Conditions(branches))
        }
        _ => {
            out.push(Mistake::new(
                at,
                "must be `auto`, or have `field` or `conditions`",
            ));
            None
        }
    }
}

fn branch(
    value: &Value,
    at: &str,
    is_last: bool,
    out: &mut Mistakes,
) -> Option<(Conditions, String)> {
    let fields = Fields::of(value, at, &IN_APP_BRANCH_KEYS, out)?;
    let when = fields.conditions("when", out).unwrap_or_default();
    let label = fields.required_text("label", out)?.to_owned();
    if when.is_empty() && !is_last {
        out.push(Mistake::new(
            at,
            "always fits, so that nothing after it is reached: give it a `when`",
        ));
    }
    Some((when, label))
}

fn licenses(fields: Fields<'_>, out: &mut Mistakes) -> Licenses {
    match fields.get("licenses") {
        None => Licenses::Auto(None),
        Some(value) if value == "auto" => Licenses::Auto(None),
        Some(value) => license_object(fields, value, out).unwrap_or(Licenses::Auto(None)),
    }
}

fn license_object(fields: Fields<'_>, value: &Value, out: &mut Mistakes) -> Option<Licenses> {
    let at = fields.place("licenses");
    if value.is_string() {
        out.push(Mistake::new(
            at,
            "must be `auto`, or an object with `auto` or `conditions`",
        ));
        return None;
    }
    let inner = Fields::of(value, &at, &LICENSES_KEYS, out)?;
    match (inner.has("auto"), inner.has("conditions")) {
        (true, false) => {
            let here = inner.place("auto");
            let auto = inner.get("auto")?;
            if auto == true {
                return Some(Licenses::Auto(None));
            }
            let auto = Fields::of(auto, &here, &LICENSE_AUTO_KEYS, out)?;
            Some(Licenses::Auto(auto.text("name", out).map(str::to_owned)))
        }
        (false, true) => {
            let here = inner.place("conditions");
            let items = inner.list("conditions", out)?.iter().enumerate();
            let licenses =
                items.filter_map(|(index, item)| license(item, &mistake::item(&here, index), out));
            Some(Licenses::Conditions(licenses.collect()))
        }
        _ => {
            out.push(Mistake::new(at, "must have `auto` or `conditions`"));
            None
        }
    }
}

fn license(value: &Value, at: &str, out: &mut Mistakes) -> Option<(String, Conditions)> {
    let fields = Fields::of(value, at, &LICENSE_KEYS, out)?;
    let name = fields.required_text("name", out).map(str::to_owned);
    let when = fields.conditions("when", out).unwrap_or_default();
    Some((name?, when))
}

fn custom(fields: Fields<'_>, out: &mut Mistakes) -> Vec<(String, ValueExpression)> {
    let at = fields.place("custom_fields");
    let mut custom = Vec::new();
    for (name, value) in fields.object("custom_fields", out).into_iter().flatten() {
        let at = mistake::join(&at, name);
        if name.is_empty() || name.len() > 100 {
            out.push(Mistake::new(
                &at,
                "the name of a field has 1 to 100 characters",
            ));
        }
        let expression = gathered(ValueExpression::compile(value, &at), out);
        custom.extend(expression.map(|expression| (name.clone(), expression)));
    }
    custom
}

fn without_email(fields: Fields<'_>, out: &mut Mistakes) -> bool {
    const WORDS: [(&str, bool); 2] = [("drop", false), ("keep", true)];
    fields
        .word("users_without_email", &WORDS, out)
        .unwrap_or_default()
}
