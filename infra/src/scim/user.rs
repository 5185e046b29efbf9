//! A new user, from the templates of the application file over the person's attributes.

use std::collections::BTreeSet;

use sando_core::app::ScimProvision;
use sando_core::ports::Subject;
use sando_core::template::{Encoding, Placeholders, Template};
use serde_json::{Map, Value, json};

use super::{attribute, wire::USER_SCHEMA};
use crate::subject::lookup;

/// The attribute that every user has.
const USER_NAME: &str = "userName";

/// The name that the user has or will have; nothing if an attribute of it is missing.
pub(super) fn user_name(provision: &ScimProvision, subject: &Subject) -> Option<String> {
    render(provision.user.get(USER_NAME)?, subject)
        .ok()
        .filter(|name| !name.is_empty())
}

/// The body of a create. `externalId` is always the person's id, `active` always true.
///
/// An attribute without a value is left out (a person may have one name only), except `userName`.
///
/// # Errors
/// What is missing or wrong, for whoever configured it.
pub(super) fn new_user(provision: &ScimProvision, subject: &Subject) -> Result<Value, String> {
    let mut user = Map::new();
    let mut schemas = BTreeSet::from([USER_SCHEMA]);
    for (path, template) in &provision.user {
        match render(template, subject) {
            Ok(value) if !value.is_empty() => {
                attribute::set(&mut user, path, Value::String(value))
                    .map_err(|error| error.to_string())?;
                schemas.extend(attribute::schema(path));
            }
            Ok(_) if path != USER_NAME => {}
            Ok(_) => return Err("`userName` has no value".to_owned()),
            Err(why) if path == USER_NAME => return Err(why),
            Err(_) => {}
        }
    }
    user.insert("schemas".to_owned(), json!(schemas));
    user.insert(
        "externalId".to_owned(),
        Value::from(subject.person.id.as_str()),
    );
    user.insert("active".to_owned(), Value::Bool(true));
    Ok(Value::Object(user))
}

fn render(template: &str, subject: &Subject) -> Result<String, String> {
    Template::parse(template, Placeholders::AnyName)
        .map_err(|error| error.to_string())?
        .render(|name| lookup(subject, name), Encoding::None)
        .map(|value| value.trim().to_owned())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sando_core::testing::a_person;

    use super::*;

    fn provision() -> ScimProvision {
        serde_json::from_value(json!({"base_url": "https://scim.acme.example"})).unwrap()
    }

    fn subject(name: &str, value: &str) -> Subject {
        Subject {
            person: a_person().with(name, value).build(),
            entitlement: Default::default(),
            given: Default::default(),
            external_id: None,
            calls: Default::default(),
        }
    }

    #[test]
    fn a_user_without_its_name_is_refused_and_without_another_attribute_is_not() {
        let missing = new_user(&provision(), &subject("work_email", "")).unwrap_err();
        assert_eq!(missing, "`work_email` has no value");

        let user = new_user(&provision(), &subject("last_name", "")).unwrap();
        assert_eq!(user["name"], json!({"givenName": "Ada"}));
    }

    proptest! {
        #[test]
        fn a_value_changes_nothing_but_itself(hostile in "[\\PC\"\\\\/{}.]{1,30}") {
            prop_assume!(!hostile.trim().is_empty());
            let plain = new_user(&provision(), &subject("name", "Ada")).unwrap();
            let mut user = new_user(&provision(), &subject("name", &hostile)).unwrap();

            prop_assert_eq!(&user["displayName"], &json!(hostile.trim()));
            user["displayName"] = plain["displayName"].clone();
            prop_assert_eq!(user, plain);
        }
    }
}
