//! What is configured and matches nobody (L26): as counted last over rosters and people, and as events matched rules since.

use jiff::Timestamp;

use crate::account::Account;
use crate::config::{ConfigItem, ConfigKind};
use crate::handle::seats::Desk;
use crate::ids::Slug;
use crate::ports::Ports;
use crate::report::{Counted, Figures};
use crate::rule::LastMatches;
use crate::store::{Group, Key, Loaded};

use super::{AdminError, definitions, metrics};

/// Something that is configured and matches nobody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unmatched {
    /// A rule of a definition that makes nobody of an account the holder of a licence.
    License {
        /// The account.
        account: String,
        /// Its definition.
        definition: Slug,
        /// The licence.
        license: String,
    },
    /// A policy that gives nothing to anybody.
    Policy(Slug),
    /// A rule that no event matched.
    Rule {
        /// The rule.
        rule: Slug,
        /// Since it was put, or since matches are noted.
        since: Timestamp,
    },
    /// Aliases of an attribute that nothing makes and nobody has.
    Aliases(String),
}

/// Everything that matches nobody; none if nothing was counted yet.
///
/// # Errors
/// If the store cannot be read.
pub async fn all(ports: &Ports, desk: &Desk) -> Result<Option<Vec<Unmatched>>, AdminError> {
    let Some(counted) = metrics::counted(ports).await? else {
        return Ok(None);
    };
    let mut found = licenses(ports, desk, &counted.figures).await?;
    let noted = ports.store.find::<LastMatches>(&Key::LastMatches).await?;
    let noted = noted.map(|noted| noted.entity);
    let files: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    for file in files {
        found.extend(of_file(&file.entity, &counted, noted.as_ref()));
    }
    Ok(Some(found))
}

/// What of a file matches nobody. What was put since people were counted was not looked at.
fn of_file(file: &ConfigItem, counted: &Counted, noted: Option<&LastMatches>) -> Vec<Unmatched> {
    let counted = Some(counted).filter(|counted| file.changed_at <= counted.at);
    let idle = counted.and_then(|counted| counted.idle.as_ref());
    match (file.kind, idle, noted) {
        (ConfigKind::Policy, Some(idle), _) if idle.policies.contains(&file.id) => {
            vec![Unmatched::Policy(file.id.clone())]
        }
        (ConfigKind::Attributes, Some(idle), _) => {
            let aliases = idle.aliases.iter().cloned();
            aliases.map(Unmatched::Aliases).collect()
        }
        (ConfigKind::Rule, _, Some(noted)) => {
            let since = noted.idle_since(&file.id, file.changed_at);
            let rule = |since| Unmatched::Rule {
                rule: file.id.clone(),
                since,
            };
            since.map(rule).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Rules of definitions that matched nobody when rosters were counted last.
async fn licenses(
    ports: &Ports,
    desk: &Desk,
    figures: &Figures,
) -> Result<Vec<Unmatched>, AdminError> {
    let definitions = definitions::all(ports).await?;
    let mut found = Vec::new();
    // An account that was connected since was not counted.
    let is_counted = |account: &&Account| account.applied > 0 && figures.knows(&account.label());
    for account in desk.accounts.iter().filter(is_counted) {
        let of = definitions
            .iter()
            .find(|item| item.entity.id == account.definition);
        let rules =
            of.and_then(|item| item.entity.file.pointer("/licenses/conditions")?.as_array());
        let names = rules.into_iter().flatten();
        let names = names.filter_map(|rule| rule.get("name")?.as_str());
        let label = account.label();
        let missed = names.filter(|name| !figures.holds(&label, name));
        found.extend(missed.map(|name| Unmatched::License {
            account: label.clone(),
            definition: account.definition.clone(),
            license: name.to_owned(),
        }));
    }
    Ok(found)
}
