//! What a provisioner is set up with: the variables of its base URL, and the credentials of its `auth`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Map;

use super::{Application, Provision, ReadFrom};
use crate::auth::{Asked, Auth, AuthText, Given};
use crate::mistake::Mistake;
use crate::template::{BodyTemplate, Placeholders, Template};

impl Application {
    /// The account whose variables and credentials its provisioner goes out with: it has no `auth` of its own.
    #[must_use]
    pub fn borrows(&self) -> Option<&ReadFrom> {
        let is_open = self.provisioner.auth().is_none() && !self.is_manual();
        self.read.as_ref().filter(|_| is_open)
    }

    fn connects(&self) -> Option<(&str, Option<&Auth>)> {
        if self.borrows().is_some() {
            return None;
        }
        let base_url: &str = match &self.provisioner {
            Provision::Manual(_) => return None,
            Provision::Scim(scim) => &scim.base_url,
            Provision::Http(http) => &http.base_url,
        };
        Some((base_url, self.provisioner.auth()))
    }

    /// The names of the variables that its base URL needs, and the credentials that its `auth` needs. What else stands
    /// between braces in its `auth` may be a credential too, such as the password of a login.
    #[must_use]
    pub fn asked(&self) -> (BTreeSet<String>, Vec<Asked>) {
        let Some((base_url, auth)) = self.connects() else {
            return (BTreeSet::new(), Vec::new());
        };
        let variables = names(base_url);
        let mut asked = auth.map(Auth::asked).unwrap_or_default();
        for name in auth.into_iter().flat_map(placeholders) {
            if !variables.contains(&name) && asked.iter().all(|known| known.name != name) {
                asked.push(Asked {
                    label: name.clone(),
                    name,
                    optional: true,
                });
            }
        }
        (variables, asked)
    }

    /// What it cannot do without, and was not given.
    #[must_use]
    pub fn missing(
        &self,
        variables: &BTreeMap<String, String>,
        credentials: &BTreeMap<String, String>,
    ) -> Vec<Mistake> {
        let Some((base_url, auth)) = self.connects() else {
            return Vec::new();
        };
        let given = Given {
            variables: &Map::new(),
            credentials,
        };
        let wanted = names(base_url).into_iter();
        let variables = wanted
            .filter(|name| !variables.contains_key(name))
            .map(|name| format!("variables.{name}"));
        let credentials = auth.map(|auth| auth.missing(&given)).unwrap_or_default();
        let credentials = credentials
            .into_iter()
            .map(|asked| format!("credentials.{}", asked.name));
        variables
            .chain(credentials)
            .map(|path| Mistake::new(path, "is missing"))
            .collect()
    }
}

fn names(text: &str) -> BTreeSet<String> {
    let template = Template::parse(text, Placeholders::AnyName);
    let names = template.iter().flat_map(|template| template.names());
    names.map(str::to_owned).collect()
}

fn placeholders(auth: &Auth) -> BTreeSet<String> {
    let of = |text: AuthText<'_>| match text {
        AuthText::Text(text) => names(text),
        AuthText::Json(value) => {
            let body = BodyTemplate::compile(value, Placeholders::AnyName);
            let names = body.iter().flat_map(|body| body.names());
            names.map(str::to_owned).collect()
        }
    };
    auth.texts()
        .into_iter()
        .flat_map(|(_, text)| of(text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn application(provisioner: &Value) -> Application {
        serde_json::from_value(json!({ "app": "wiki", "provisioner": provisioner })).unwrap()
    }

    fn asked(provisioner: &Value) -> (Vec<String>, Vec<(String, bool)>) {
        let (variables, asked) = application(provisioner).asked();
        let asked = asked.into_iter().map(|one| (one.name, one.optional));
        (variables.into_iter().collect(), asked.collect())
    }

    #[test]
    fn what_is_asked_follows_from_base_url_and_auth() {
        let manual = asked(&json!({ "type": "manual" }));
        let open = asked(&json!({ "type": "scim", "base_url": "https://wiki.example" }));
        let tenant = asked(
            &json!({ "type": "scim", "base_url": "https://{tenant}.wiki.example",
            "auth": { "type": "oauth2_client_credentials", "token_url": "https://{tenant}.wiki.example/token" } }),
        );

        let lent = json!({ "app": "wiki", "read": { "definition": "wiki", "account": "prod" },
            "provisioner": { "type": "scim", "base_url": "https://{tenant}.wiki.example" } });
        let lent: Application = serde_json::from_value(lent).unwrap();

        assert_eq!(manual, (vec![], vec![]));
        let nothing = (BTreeSet::new(), Vec::new());
        assert_eq!(
            lent.asked(),
            nothing,
            "it goes out with what the account has"
        );
        assert_eq!(open, (vec![], vec![]));
        assert_eq!(tenant.0, ["tenant"]);
        let client = ["client_id", "client_secret"].map(|name| (name.to_owned(), false));
        assert_eq!(tenant.1, client, "the tenant is no secret");
    }

    #[test]
    fn what_stands_between_braces_in_auth_is_asked_as_a_secret() {
        let (variables, asked) =
            asked(&json!({ "type": "scim", "base_url": "https://wiki.example",
            "auth": { "type": "bearer" } }));
        assert_eq!((variables, asked.len()), (vec![], 1));

        let basic =
            json!({ "type": "basic", "username": { "now": "svc-{team}" }, "password": "later" });
        let app = application(
            &json!({ "type": "scim", "base_url": "https://wiki.example", "auth": basic }),
        );
        let names: Vec<String> = app.asked().1.into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["password", "team"]);
    }

    #[test]
    fn what_is_needed_and_was_left_out_is_named_by_its_place() {
        let app = application(
            &json!({ "type": "scim", "base_url": "https://{tenant}.wiki.example",
            "auth": { "type": "bearer" } }),
        );
        let one = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        let paths = |variables, credentials| -> Vec<String> {
            let missing = app.missing(&variables, &credentials).into_iter();
            missing.map(|mistake| mistake.path).collect()
        };

        let (none, tenant, token) = (BTreeMap::new(), one("tenant"), one("token"));
        assert_eq!(
            paths(none.clone(), none.clone()),
            ["variables.tenant", "credentials.token"]
        );
        assert_eq!(paths(tenant.clone(), none), ["credentials.token"]);
        assert_eq!(paths(tenant, token), [""; 0]);
    }
}
