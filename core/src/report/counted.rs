//! What was counted over all rosters, as it is kept: what it came to last, and how far a count has come.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Costs, Figures, Idle};
use crate::ids::JobId;
use crate::store::{Entity, Key};

/// The most bytes that are kept, as text: an item has room for some more.
const MOST_BYTES: usize = 350_000;
/// The most bytes of text in a piece: as many again may be needed to write them into an item.
const PIECE_BYTES: usize = 180_000;
/// For how long a piece is kept: a count takes minutes.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// What was counted last, over how many accounts ever.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Counted {
    /// When.
    pub at: Timestamp,
    /// Sums over all rosters.
    pub figures: Figures,
    /// What is told apart, as far as there is room for it.
    pub costs: Costs,
    /// What is configured and concerns nobody; none if a release counted that did not look.
    #[serde(default)]
    pub idle: Option<Idle>,
}

impl Counted {
    /// What was counted, small enough to be kept in one item.
    #[must_use]
    pub fn of(figures: Figures, costs: Costs, idle: Idle, at: Timestamp) -> Self {
        let mut costs = costs;
        for most in [300, 100, 50, 12] {
            costs = costs.trimmed(most);
            let text = serde_json::to_string(&(&figures, &costs, &idle));
            if text.is_ok_and(|text| text.len() <= MOST_BYTES) {
                break;
            }
        }
        Self {
            at,
            figures,
            costs,
            idle: Some(idle),
        }
    }
}

impl Entity for Counted {
    const KIND: &'static str = "counted";

    fn key(&self) -> Key {
        Key::Counted
    }
}

/// A piece of what a count has come to between two of its turns: as text, which is too long for one item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CountPiece {
    /// The count.
    pub job: JobId,
    /// After which of its turns.
    pub turn: u32,
    /// Which piece.
    pub number: u32,
    /// What is in it.
    pub text: String,
    /// When it was put down.
    pub at: Timestamp,
}

impl CountPiece {
    /// Cuts a text into pieces.
    #[must_use]
    pub fn cut(job: &JobId, turn: u32, text: &str, at: Timestamp) -> Vec<Self> {
        let mut rest = text;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let mut end = PIECE_BYTES.min(rest.len());
            while !rest.is_char_boundary(end) {
                end = end.saturating_sub(1);
            }
            let Some((text, more)) = rest.split_at_checked(end) else {
                break;
            };
            pieces.push(Self {
                job: job.clone(),
                turn,
                number: u32::try_from(pieces.len()).unwrap_or(u32::MAX),
                text: text.to_owned(),
                at,
            });
            rest = more;
        }
        pieces
    }
}

impl Entity for CountPiece {
    const KIND: &'static str = "count_piece";

    fn key(&self) -> Key {
        Key::CountPiece(self.job.clone(), self.turn, self.number)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.at.checked_add(KEPT).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_together_are_the_text_and_each_is_small() {
        let text = "€ \"a\" ".repeat(60_000);
        let job = JobId::derived(&["count"]);

        let pieces = CountPiece::cut(&job, 2, &text, Timestamp::UNIX_EPOCH);

        assert_eq!(pieces.len(), 3);
        assert!(pieces.iter().all(|piece| piece.text.len() <= PIECE_BYTES));
        let numbers: Vec<u32> = pieces.iter().map(|piece| piece.number).collect();
        assert_eq!(numbers, [0, 1, 2]);
        let whole: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(whole, text);
        assert!(CountPiece::cut(&job, 2, "", Timestamp::UNIX_EPOCH).is_empty());
    }
}
