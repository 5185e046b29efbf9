//! Parts of syncs: what is too much for one item.

use serde::{Deserialize, Serialize};

/// What a part of a sync is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// Ids that were seen.
    Seen,
    /// Users who would lose something.
    Lost,
    /// A stretch of the checkpoint.
    Point,
    /// Users who are held until the end of the lists that are united.
    Held,
}

impl PartKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Lost => "lost",
            Self::Point => "point",
            Self::Held => "held",
        }
    }
}
