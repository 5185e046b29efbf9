//! One request of an application file, compiled, and made with values.

use std::collections::BTreeMap;

use http::Method;
use sando_core::app::{ActionRequest, FormValue};
use sando_core::condition::Condition;
use sando_core::path::Path;
use sando_core::template::{BodyTemplate, Encoding, Placeholders, RenderError, Template};
use serde_json::Value;

use super::NotMade;
use crate::connection::Connection;
use crate::http::Request;

/// A request with its templates and paths compiled.
pub(super) struct CompiledAction {
    method: Method,
    path: Template,
    query: Vec<(String, Template)>,
    headers: Vec<(String, Template)>,
    body: Option<BodyTemplate>,
    form: Option<Vec<(String, FormTemplate)>>,
    pub(super) response_path: Option<Path>,
    pub(super) id: Option<Path>,
    pub(super) role: Option<Path>,
    pub(super) plan: Option<Path>,
    pub(super) active: Option<Condition>,
    already: Vec<u16>,
    gone: Vec<u16>,
}

/// What a field of a form becomes.
enum FormTemplate {
    Text(Template),
    /// Sent as text.
    Json(BodyTemplate),
}

impl FormTemplate {
    fn compile(value: &FormValue) -> Result<Self, String> {
        let compiled = match value {
            FormValue::Text(text) => Template::parse(text, Placeholders::AnyName).map(Self::Text),
            FormValue::Json { json } => {
                BodyTemplate::compile(json, Placeholders::AnyName).map(Self::Json)
            }
        };
        compiled.map_err(|error| error.to_string())
    }

    fn render(&self, value: &impl Fn(&str) -> Option<Value>) -> Result<String, RenderError> {
        match self {
            Self::Text(template) => template.render(value, Encoding::None),
            Self::Json(body) => Ok(body.render(value)?.to_string()),
        }
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::Text(template) => template.names().collect(),
            Self::Json(body) => body.names().collect(),
        }
    }
}

impl CompiledAction {
    pub(super) fn compile(request: &ActionRequest) -> Result<Self, String> {
        let template = |text: &str| {
            Template::parse(text, Placeholders::AnyName).map_err(|error| error.to_string())
        };
        let templates = |pairs: &BTreeMap<String, String>| {
            pairs
                .iter()
                .map(|(name, text)| Ok((name.clone(), template(text)?)))
                .collect::<Result<Vec<_>, String>>()
        };
        let form = |fields: &BTreeMap<String, FormValue>| {
            fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), FormTemplate::compile(value)?)))
                .collect::<Result<Vec<_>, String>>()
        };
        let path = |text: &Option<String>| {
            text.as_deref()
                .map(Path::parse)
                .transpose()
                .map_err(|error| error.to_string())
        };
        let body = request
            .body
            .as_ref()
            .map(|body| BodyTemplate::compile(body, Placeholders::AnyName))
            .transpose()
            .map_err(|error| error.to_string())?;
        let method = request.method.as_deref().unwrap_or("GET");
        Ok(Self {
            method: Method::from_bytes(method.as_bytes())
                .map_err(|_| "`method` is no HTTP method".to_owned())?,
            path: template(&request.path)?,
            query: templates(&request.query)?,
            headers: templates(&request.headers)?,
            body,
            form: request.form.as_ref().map(form).transpose()?,
            response_path: path(&request.response_path)?.filter(|path| !path.is_root()),
            id: path(&request.id)?,
            role: path(&request.role)?,
            plan: path(&request.plan)?,
            active: request.active.clone(),
            already: request.already.clone(),
            gone: request.gone.clone(),
        })
    }

    /// The request with the values that `value` has for its placeholders.
    pub(super) fn request(
        &self,
        connection: &Connection,
        value: &impl Fn(&str) -> Option<Value>,
    ) -> Result<Request, NotMade> {
        let path = self.path.render(value, Encoding::UrlPath)?;
        let url = connection.url(&path)?;
        let mut request = Request::new(connection.remote(), self.method.clone(), url);
        for (name, template) in &self.query {
            request = request.query(name, &template.render(value, Encoding::None)?);
        }
        for (name, template) in &self.headers {
            request = request.header(name, &template.render(value, Encoding::None)?)?;
        }
        if let Some(body) = &self.body {
            request = request.json(&body.render(value)?);
        }
        if let Some(form) = &self.form {
            let fields = form
                .iter()
                .map(|(name, field)| Ok((name, field.render(value)?)))
                .collect::<Result<Vec<_>, RenderError>>()?;
            let fields = fields
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()));
            request = request.form(fields);
        }
        Ok(request)
    }

    /// Does the status say that it was there, or gone, already?
    pub(super) fn says_was_so(&self, status: u16) -> bool {
        self.already.contains(&status) || self.gone.contains(&status)
    }

    /// Does the status say that there is nothing?
    pub(super) fn says_none(&self, status: u16) -> bool {
        status == 404 || self.gone.contains(&status)
    }

    /// The addresses among the values that the request is made with: an answer that shows addresses must show one of them.
    pub(super) fn addresses(&self, value: &impl Fn(&str) -> Option<Value>) -> Vec<String> {
        let templates = [&self.path]
            .into_iter()
            .chain(self.query.iter().map(|(_, template)| template));
        let fields = self.form.iter().flatten();
        let names = templates
            .flat_map(Template::names)
            .chain(fields.flat_map(|(_, field)| field.names()))
            .chain(self.body.iter().flat_map(BodyTemplate::names));
        names
            .filter_map(value)
            .filter_map(|value| value.as_str().map(str::to_lowercase))
            .filter(|text| text.contains('@'))
            .collect()
    }
}

impl From<RenderError> for NotMade {
    fn from(error: RenderError) -> Self {
        Self::Value(error)
    }
}

impl From<sando_core::ports::RemoteError> for NotMade {
    fn from(error: sando_core::ports::RemoteError) -> Self {
        Self::Remote(error)
    }
}
