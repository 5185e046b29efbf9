//! One request of an application file, compiled, and made with values.

use std::collections::BTreeMap;

use http::Method;
use sando_core::app::{ActionRequest, FormValue};
use sando_core::condition::Condition;
use sando_core::definition::{Carried, Paging};
use sando_core::path::{Path, of_scalar};
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
    pub(super) paging: Paging,
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
            paging: request.pagination.clone().unwrap_or_else(Paging::none),
            id: path(&request.id)?,
            role: path(&request.role)?,
            plan: path(&request.plan)?,
            active: request.active.clone(),
            already: request.already.clone(),
            gone: request.gone.clone(),
        })
    }

    /// The request with the values that `value` has for its placeholders, and with what it carries for a page of a list.
    pub(super) fn request(
        &self,
        connection: &Connection,
        value: &impl Fn(&str) -> Option<Value>,
        carried: &[Carried],
    ) -> Result<Request, NotMade> {
        let value = |name: &str| placed(carried, name).or_else(|| value(name));
        let url = match carried {
            [Carried::Url(url)] => connection.url(url)?,
            _ => connection.url(&self.path.render(value, Encoding::UrlPath)?)?,
        };
        let mut request = Request::new(connection.remote(), self.method.clone(), url);
        for (name, text) in self.parameters(&value, carried)? {
            request = request.query(name, &text);
        }
        for (name, template) in &self.headers {
            request = request.header(name, &template.render(value, Encoding::None)?)?;
        }
        for one in carried {
            if let Carried::Header(name, text) = one {
                request = request.header(name, text)?;
            }
        }
        self.with_body(request, &value, carried)
    }

    /// The parameters of the query; a URL that was given as a whole has them all.
    fn parameters<'a>(
        &'a self,
        value: &impl Fn(&str) -> Option<Value>,
        carried: &'a [Carried],
    ) -> Result<Vec<(&'a str, String)>, NotMade> {
        let mut parameters: Vec<(&str, String)> = Vec::new();
        if matches!(carried, [Carried::Url(_)]) {
            return Ok(parameters);
        }
        for (name, template) in &self.query {
            parameters.push((name, template.render(value, Encoding::None)?));
        }
        for one in carried {
            if let Carried::Query(name, text) = one {
                parameters.retain(|(known, _)| known != name);
                parameters.push((name, text.clone()));
            }
        }
        Ok(parameters)
    }

    fn with_body(
        &self,
        request: Request,
        value: &impl Fn(&str) -> Option<Value>,
        carried: &[Carried],
    ) -> Result<Request, NotMade> {
        let of_page = |one: &&Carried| matches!(one, Carried::Body(..));
        let mut of_page = carried.iter().filter(of_page).peekable();
        if let Some(form) = &self.form {
            let mut fields = form
                .iter()
                .map(|(name, field)| Ok((name.clone(), field.render(value)?)))
                .collect::<Result<Vec<_>, RenderError>>()?;
            for one in of_page {
                if let Carried::Body(place, value) = one {
                    let name = place.join(".");
                    fields.retain(|(known, _)| *known != name);
                    fields.push((name, of_scalar(value).unwrap_or_default().into_owned()));
                }
            }
            let fields = fields
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()));
            return Ok(request.form(fields));
        }
        if self.body.is_none() && of_page.peek().is_none() {
            return Ok(request);
        }
        let body = self.body.as_ref().map(|body| body.render(value));
        let mut body = body.transpose()?.unwrap_or_default();
        of_page.for_each(|one| one.put_into(&mut body));
        Ok(request.json(&body))
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
        self.names()
            .filter_map(value)
            .filter_map(|value| value.as_str().map(str::to_lowercase))
            .filter(|text| text.contains('@'))
            .collect()
    }

    /// Is it made with the application's id of the user?
    pub(super) fn names_id(&self) -> bool {
        self.names().any(|name| name == "user.id")
    }

    /// The placeholders of everything but headers.
    fn names(&self) -> impl Iterator<Item = &str> {
        let templates = [&self.path]
            .into_iter()
            .chain(self.query.iter().map(|(_, template)| template));
        let fields = self.form.iter().flatten();
        templates
            .flat_map(Template::names)
            .chain(fields.flat_map(|(_, field)| field.names()))
            .chain(self.body.iter().flat_map(BodyTemplate::names))
    }
}

/// The value of a placeholder that stands for the page.
fn placed(carried: &[Carried], name: &str) -> Option<Value> {
    carried.iter().find_map(|one| match one {
        Carried::Path(known, value) if known == name => Some(value.clone()),
        _ => None,
    })
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
