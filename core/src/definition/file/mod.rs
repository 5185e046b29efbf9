//! The file form, part by part: read, checked and compiled in one go, with every mistake gathered.

pub(crate) mod auth;
mod base;
pub(crate) mod fields;
pub(crate) mod hosts;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod pagination;
pub(crate) mod preset;
pub(crate) mod request;
pub(crate) mod rules;
pub(crate) mod users;
pub(crate) mod variable;

use serde_json::{Map, Value};
use url::Url;

use base::BaseUrl;
use fields::{Fields, Mistakes};
use hosts::Allowed;
use limits::Limits;
use names::Names;
use request::Request;
use rules::Rule;
use users::Users;
use variable::Variables;

use super::{
    map::{IdHash, Mapping},
    source::{FileMistake, Source},
};
use crate::{
    auth::Auth,
    ids::{AppSlug, Slug},
    mistake::{self, Mistake},
    template::Template,
};

/// The keys of a definition.
pub(crate) const KEYS: [&str; 17] = [
    "definition",
    "app",
    "name",
    "base_url",
    "variables",
    "auth",
    "steps",
    "users",
    "map",
    "status",
    "licenses",
    "custom_fields",
    "users_without_email",
    "errors",
    "limits",
    "hosts",
    "headers",
];

/// A definition, compiled: nothing in it can be wrong any more but what an application answers.
#[derive(Debug, Clone)]
pub struct Definition {
    file: Value,
    slug: Slug,
    app: AppSlug,
    name: String,
    auth: Auth,
    variables: Variables,
    limits: Limits,
    pub(crate) base: BaseUrl,
    pub(crate) hosts: Vec<Template>,
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) users: Users,
    pub(crate) mapping: Mapping,
    pub(crate) rules: Vec<Rule>,
}

/// A request before the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) request: Request,
}

impl Definition {
    /// Reads YAML or JSON.
    ///
    /// # Errors
    /// All mistakes, in the order of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<FileMistake>> {
        let source = Source::parse(text).map_err(|mistake| vec![mistake])?;
        Self::compile(source.value()).map_err(|mistakes| source.locate(mistakes))
    }

    /// Compiles a file that is a value already.
    ///
    /// # Errors
    /// All mistakes.
    pub fn compile(file: &Value) -> Result<Self, Vec<Mistake>> {
        let mut out = Mistakes::new();
        let definition = read(file, &mut out);
        // Parts that are read twice say so twice.
        let mut mistakes: Vec<Mistake> = Vec::with_capacity(out.len());
        for mistake in out {
            if !mistakes.contains(&mistake) {
                mistakes.push(mistake);
            }
        }
        match definition {
            Some(definition) if mistakes.is_empty() => Ok(definition),
            None if mistakes.is_empty() => Err(vec![Mistake::new("", "is no definition")]),
            _ => Err(mistakes),
        }
    }

    /// The file form: compiled again it is this definition.
    #[must_use]
    pub fn to_value(&self) -> &Value {
        &self.file
    }

    /// Its slug.
    #[must_use]
    pub fn slug(&self) -> &Slug {
        &self.slug
    }

    /// The application that it reads.
    #[must_use]
    pub fn app(&self) -> &AppSlug {
        &self.app
    }

    /// The name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How its requests authenticate.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// What is asked when it is connected.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// How hard it asks, and how much may be answered.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Its custom fields by name: those that the application should have.
    pub fn custom_fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.file.get("custom_fields").and_then(Value::as_object);
        fields
            .into_iter()
            .flat_map(|fields| fields.keys().map(String::as_str))
    }

    /// The URL of a path that stands in `auth` (`login`): below the base URL, or a full one on its origin or a listed host.
    ///
    /// # Errors
    /// Why requests may not go there.
    pub fn auth_url(&self, variables: &Map<String, Value>, path: &str) -> Result<Url, String> {
        let lookup = |name: &str| variables.get(name).cloned();
        let allowed = allowed(self, lookup)?;
        let base = self.base.resolve(lookup, &allowed)?;
        let is_full = path.starts_with("https://") || path.starts_with("http://");
        let url = match &base {
            _ if is_full => path.to_owned(),
            Some(base) => {
                let base = base.as_str().trim_end_matches('/');
                format!("{base}/{}", path.trim_start_matches('/'))
            }
            None => return Err("the base URL is not known yet: give a full URL".to_owned()),
        };
        let url = Url::parse(&url).map_err(|error| format!("the path makes no URL: {error}"))?;
        let scheme = base.as_ref().map_or("https", Url::scheme);
        let is_ours = base
            .as_ref()
            .is_some_and(|base| base.origin() == url.origin());
        if is_ours || allowed.names(&url, scheme) {
            Ok(url)
        } else {
            Err(format!(
                "leads to {}, which is neither the origin of the base URL nor one of the `hosts`",
                url.origin().ascii_serialization()
            ))
        }
    }

    /// Whether it says how many requests may be under way.
    #[must_use]
    pub fn bounds_concurrency(&self) -> bool {
        self.file.pointer("/limits/concurrency").is_some()
    }

    /// What a checkpoint belongs to: another version is another pull.
    pub(crate) fn fingerprint(&self) -> IdHash {
        IdHash::of(&self.file.to_string())
    }
}

fn read(file: &Value, out: &mut Mistakes) -> Option<Definition> {
    let whole = preset::apply(file, out);
    let fields = Fields::of(&whole, "", &KEYS, out)?;
    let slug = slug(fields, "definition", out);
    let app = slug_of_app(fields, out);
    let variables = Variables::read(fields, out);
    let auth = auth::read(fields, out);
    let mut names = Names::default();
    for (name, _) in variables.iter() {
        names.add(name);
    }
    if let Some(auth) = &auth {
        auth::check_names(auth, &fields.place("auth"), &names, out);
        auth.keeps().into_iter().for_each(|name| names.add(name));
    }
    let given = names.clone();
    let headers = request::headers(fields, &names, out);
    let steps = steps(fields, &mut names, out);
    let hosts = hosts::read(fields, &given, out);
    let only_variables = Names::default().with(variables.iter().map(|(name, _)| name.to_owned()));
    let base = BaseUrl::read(fields, &names, &only_variables, !hosts.is_empty(), out);
    if let Some(base) = &base {
        check_steps(&steps, base, &given, out);
    }
    let users = users(fields, &names, out);
    let mapping = mapping(fields, users.as_ref(), &names, out);
    let rules = rules::read(fields, out);
    let limits = Limits::read(fields, out);
    let name = fields.text("name", out).map(str::to_owned);
    let app = app?;
    Some(Definition {
        file: file.clone(),
        slug: slug?,
        name: name.unwrap_or_else(|| app.as_str().to_owned()),
        app,
        auth: auth?,
        variables,
        limits,
        base: base?,
        hosts,
        headers,
        steps,
        users: users?,
        mapping: mapping?,
        rules,
    })
}

fn slug(fields: Fields<'_>, key: &str, out: &mut Mistakes) -> Option<Slug> {
    let text = fields.required_text(key, out)?;
    match Slug::parse(text) {
        Ok(slug) => Some(slug),
        Err(error) => {
            fields.wrong(key, error.to_string(), out);
            None
        }
    }
}

fn slug_of_app(fields: Fields<'_>, out: &mut Mistakes) -> Option<AppSlug> {
    slug(fields, "app", out)
}

fn steps(fields: Fields<'_>, names: &mut Names, out: &mut Mistakes) -> Vec<Step> {
    let at = fields.place("steps");
    let known = users::with_request_keys(&["name"]);
    let mut steps: Vec<Step> = Vec::new();
    for (index, item) in fields
        .list("steps", out)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let at = mistake::item(&at, index);
        let Some(inner) = Fields::of(item, &at, &known, out) else {
            continue;
        };
        let name = inner.required_text("name", out);
        if let Some(name) = name
            && steps.iter().any(|step| step.name == name)
        {
            inner.wrong("name", "is used by another step", out);
        }
        let Some(request) = Request::read(inner, names, out) else {
            continue;
        };
        for kept in request.kept() {
            if names.has(kept) {
                let place = mistake::join(&inner.place("keep"), kept);
                out.push(Mistake::new(
                    place,
                    format!("`{kept}` is a variable or kept already"),
                ));
            }
            names.add(kept);
        }
        let name = name.unwrap_or_default().to_owned();
        steps.push(Step { name, request });
    }
    steps
}

/// A step that the base URL waits for says itself where it goes.
fn check_steps(steps: &[Step], base: &BaseUrl, given: &Names, out: &mut Mistakes) {
    let mut known = given.clone();
    for (index, step) in steps.iter().enumerate() {
        let waits = base.names().find(|name| !known.has(name));
        let path = step.request.path.as_str();
        if let Some(name) = waits
            && !path.starts_with("http")
            && !path.starts_with('{')
        {
            let message =
                format!("must be a full URL: the base URL is not known before `{{{name}}}` is");
            out.push(Mistake::new(format!("steps[{index}].path"), message));
        }
        step.request.kept().for_each(|name| known.add(name));
    }
}

fn users(fields: Fields<'_>, names: &Names, out: &mut Mistakes) -> Option<Users> {
    let at = fields.place("users");
    if !fields.has("users") {
        out.push(Mistake::new("users.path", "is missing"));
    }
    let known = users::with_request_keys(&users::KEYS);
    let inner = Fields::of(fields.get("users")?, &at, &known, out)?;
    Users::read(inner, names, out)
}

fn mapping(
    fields: Fields<'_>,
    users: Option<&Users>,
    names: &Names,
    out: &mut Mistakes,
) -> Option<Mapping> {
    let mut names = names.clone();
    let aliases: Vec<&str> = users.iter().flat_map(|users| users.aliases()).collect();
    if let Some(users) = users {
        let joins = users.joins.iter().map(|join| &join.request);
        for request in users.for_each.iter().chain([&users.list]).chain(joins) {
            request.kept().for_each(|name| names.add(name));
        }
        for name in users.passes.iter().flat_map(Map::keys) {
            names.add(name.as_str());
        }
        for name in users
            .filter
            .paths()
            .filter_map(crate::path::Path::kept_name)
        {
            if !names.has(name) {
                let message = format!("`${name}` is neither a variable nor kept by any request");
                out.push(Mistake::new("users.where", message));
            }
        }
    }
    let details = users.and_then(|users| users.details.as_ref());
    let details = details.map(|details| details.alias.as_str());
    Mapping::read(fields, &aliases, details, &names, out)
}

/// What may be asked of the hosts of a definition, once its variables are known.
pub(crate) fn allowed(
    definition: &Definition,
    lookup: impl Fn(&str) -> Option<Value>,
) -> Result<Allowed, String> {
    Allowed::resolve(&definition.hosts, lookup)
}
