//! Writes files of configuration, each with its record.

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::config::ConfigItem;
use crate::store::{Entity, Loaded, Version};

/// Puts a file over what was there, or where nothing was.
pub fn put(changes: &mut Changes, stored: Option<&Loaded<ConfigItem>>, item: ConfigItem) {
    let line = line("put", &item).after(item.file.clone());
    changes.say(match stored {
        Some(stored) => line.before(stored.entity.file.clone()),
        None => line,
    });
    changes.update(&Loaded {
        entity: item,
        version: stored.map_or(Version::ABSENT, |stored| stored.version),
        due: None,
    });
}

/// Deletes a file.
pub fn delete(changes: &mut Changes, stored: &Loaded<ConfigItem>) {
    changes.delete(stored.entity.key(), stored.version);
    let line = line("deleted", &stored.entity);
    changes.say(line.before(stored.entity.file.clone()));
}

fn line(action: &str, item: &ConfigItem) -> Line {
    let kind = item.kind.as_str();
    let target = format!("{kind}/{}", item.id);
    Line::new(StreamId::Config, format!("{kind} {action}"), target)
}
