//! The names that may stand between braces at one place of the file.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::Mistakes;
use crate::{
    mistake::{self, Mistake},
    template::{BodyTemplate, Placeholders, Template},
};

/// Declared variables and values kept so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    names: BTreeSet<String>,
}

impl Names {
    pub(crate) fn add(&mut self, name: impl Into<String>) {
        self.names.insert(name.into());
    }

    /// The same and one more.
    #[must_use]
    pub(crate) fn with(&self, more: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut names = self.clone();
        names.names.extend(more.into_iter().map(Into::into));
        names
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// A text in which every name between braces must be declared.
    pub(crate) fn template(&self, text: &str, at: &str, out: &mut Mistakes) -> Option<Template> {
        let declared = |name: &str| self.has(name);
        match Template::parse(text, Placeholders::Declared(&declared)) {
            Ok(template) => {
                for name in template.undeclared() {
                    out.push(self.undeclared(name, at));
                }
                Some(template)
            }
            Err(error) => {
                out.push(Mistake::new(at, error.to_string()));
                None
            }
        }
    }

    /// A body; braces are text in it unless a declared name stands between them. A text that is nothing but one is a placeholder.
    pub(crate) fn body(&self, body: &Value, at: &str, out: &mut Mistakes) -> Option<BodyTemplate> {
        let declared = |name: &str| self.has(name);
        match BodyTemplate::compile(body, Placeholders::Declared(&declared)) {
            Ok(template) => {
                for text in template.templates() {
                    for name in text.undeclared() {
                        if text.as_str() == format!("{{{name}}}") {
                            out.push(self.undeclared(name, at));
                        }
                    }
                }
                Some(template)
            }
            Err(error) => {
                out.push(Mistake::new(at, error.to_string()));
                None
            }
        }
    }

    /// The mistake of a name that nobody declares.
    pub(crate) fn undeclared(&self, name: &str, at: &str) -> Mistake {
        let hint = match mistake::nearest(name, self.iter()) {
            Some(meant) => format!("did you mean `{{{meant}}}`?"),
            None if self.names.is_empty() => {
                "declare it under `variables`, or write `{{` for a brace".to_owned()
            }
            None => format!(
                "known here: {}; write `{{{{` for a brace",
                self.iter().collect::<Vec<_>>().join(", ")
            ),
        };
        Mistake::new(at, format!("`{{{name}}}` is not declared, {hint}"))
    }
}
