//! Whether an application lets its provisioner in: one look for somebody whom nobody is, which changes nothing.

use serde::Serialize;

use crate::entitlement::Entitlement;
use crate::ids::{AppSlug, PersonId};
use crate::intake::new_person;
use crate::person::Person;
use crate::ports::{Calls, Ports, RemoteError, Subject};

use super::{AdminError, files};

/// Nobody has this address: it belongs to a domain that is kept for examples.
pub const NOBODY: &str = "nobody@example.com";

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The application does not accept the credentials, or they may not look.
    Credentials,
    /// The application's file or its credentials are not complete, or our guard forbids the request: nothing was sent.
    Setup,
    /// It asks to wait.
    Busy,
    /// It does not answer.
    Unreachable,
    /// It answers with another error.
    Refused,
    /// What it answers is no answer to what was asked.
    Unreadable,
}

impl Trouble {
    fn of(error: &RemoteError) -> Self {
        match error {
            RemoteError::Refused {
                status: 401 | 403, ..
            } => Self::Credentials,
            RemoteError::Refused { .. } => Self::Refused,
            RemoteError::Forbidden { .. } => Self::Setup,
            RemoteError::Busy { .. } => Self::Busy,
            RemoteError::NoAnswer { .. } => Self::Unreachable,
            RemoteError::Unreadable { .. } => Self::Unreadable,
        }
    }
}

/// How the look ended: what is wrong, and in which words; nothing if it lets us in.
pub type Tested = Result<(), (Trouble, String)>;

/// Looks for nobody in an application, with its provisioner's credentials.
///
/// # Errors
/// `NotFound` without the application, `Refused` if a human gives access there.
pub async fn test(ports: &Ports, id: &AppSlug) -> Result<Tested, AdminError> {
    let mut company = files::company(ports).await?;
    let app = company.apps.remove(id).ok_or(AdminError::NotFound("app"))?;
    if app.is_manual() {
        let why = "its owner gives and takes access by hand: there is nothing to try";
        return Err(AdminError::refused("by_hand", why));
    }
    let subject = Subject {
        person: nobody(ports),
        entitlement: Entitlement::default(),
        given: Entitlement::default(),
        external_id: None,
        calls: Calls::default(),
    };
    let provisioner = match ports.apps.provisioner(&app).await {
        Ok(provisioner) => provisioner,
        Err(error) => return Ok(Err((Trouble::of(&error), error.to_string()))),
    };
    Ok(match provisioner.find(&subject).await {
        Ok(None) => Ok(()),
        Ok(Some(_)) => {
            let why = format!("it shows a user for {NOBODY}, whom nobody is");
            Err((Trouble::Unreadable, why))
        }
        Err(error) => Err((Trouble::of(&error), error.to_string())),
    })
}

fn nobody(ports: &Ports) -> Person {
    let mut person = new_person(PersonId::derived(&["nobody"]), ports.clock.now());
    for (name, value) in [
        ("name", "Nobody Example"),
        ("first_name", "Nobody"),
        ("last_name", "Example"),
        ("work_email", NOBODY),
        ("personal_email", NOBODY),
    ] {
        person.attributes.set(name, value);
    }
    person
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Sent;

    #[test]
    fn each_error_has_its_class() {
        let remote = || "wiki.example".to_owned();
        let why = || "no".to_owned();
        let refused = |status| RemoteError::Refused {
            remote: remote(),
            status,
            message: why(),
        };
        let busy = RemoteError::Busy {
            remote: remote(),
            retry_after: None,
        };
        let silent = RemoteError::NoAnswer {
            remote: remote(),
            why: why(),
            sent: Sent::Never,
        };
        let unreadable = RemoteError::Unreadable {
            remote: remote(),
            why: why(),
        };
        let forbidden = RemoteError::Forbidden {
            remote: remote(),
            why: why(),
        };

        for (error, expect) in [
            (refused(401), Trouble::Credentials),
            (refused(403), Trouble::Credentials),
            (refused(500), Trouble::Refused),
            (busy, Trouble::Busy),
            (silent, Trouble::Unreachable),
            (unreadable, Trouble::Unreadable),
            (forbidden, Trouble::Setup),
        ] {
            assert_eq!(Trouble::of(&error), expect, "{error}");
        }
    }
}
