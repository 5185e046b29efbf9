//! The operations behind the admin API: load, decide, commit. No HTTP here.
//!
//! Each answers with what the API shows, or with an [`AdminError`] that says what its caller can do about it. What may
//! be in other hands at the same moment is decided anew when it moved ([`Tries`]).

pub mod access;
pub mod accounts;
pub mod answer;
pub mod api_key;
pub mod approvals;
pub mod arriving;
pub mod catch_up;
pub mod correct;
pub mod definitions;
pub mod drafts;
pub mod drift;
pub mod erasure;
pub mod explain;
pub mod files;
pub mod identity;
pub mod import;
pub mod jobs;
pub mod kept;
pub mod leaving;
pub mod lever;
pub mod links;
pub mod logins;
pub mod metrics;
pub mod named;
pub mod outside;
pub mod pause;
pub mod peers;
pub mod people;
pub mod preview;
pub mod provisioner;
pub mod reclaim;
pub mod replay;
pub mod reports;
pub mod review;
pub mod runs;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod steps;
pub mod syncs;
pub mod tasks;
pub mod test_logins;
pub mod trail;
mod undo;
pub mod unmatched;

use crate::changes::Origin;
use crate::handle::HandleError;
use crate::mistake::Mistake;
use crate::ports::RemoteError;
use crate::store::{Loaded, StoreError, Version};

/// The most characters of a reason, wherever one is given.
pub const LONGEST_REASON: usize = 2_000;

/// Why an operation was not done, by what its caller can do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AdminError {
    /// There is nothing of that name.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What was given has mistakes; all of them.
    #[error("what was given has mistakes")]
    Invalid(Vec<Mistake>),
    /// It has changed since the caller read it.
    #[error("it has changed since it was read")]
    Stale,
    /// It does not fit how things stand.
    #[error("{detail}")]
    Refused {
        /// For programs.
        code: &'static str,
        /// For people; never a name or an address.
        detail: String,
    },
    /// It is not this caller's to do.
    #[error("{detail}")]
    Forbidden {
        /// For programs.
        code: &'static str,
        /// For people; never a name or an address.
        detail: String,
    },
    /// The store, the configuration or a key.
    #[error(transparent)]
    Handle(#[from] HandleError),
    /// Somebody outside did not do it.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Handle(error.into())
    }
}

impl AdminError {
    /// One mistake in what was given.
    pub fn mistake(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Mistake::new(path, message)])
    }

    /// It does not fit how things stand.
    pub fn refused(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused {
            code,
            detail: detail.into(),
        }
    }
}

/// What the caller demands of the version that is there (`If-Match`, `If-None-Match`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Expect {
    /// Nothing.
    #[default]
    Anything,
    /// Some version, whichever.
    Present,
    /// None.
    Absent,
    /// One of these.
    OneOf(Vec<Version>),
}

impl Expect {
    /// Does what is there fit?
    ///
    /// # Errors
    /// [`AdminError::Stale`] if not.
    pub fn check<E>(&self, stored: Option<&Loaded<E>>) -> Result<(), AdminError> {
        let fits = match (self, stored) {
            (Self::Anything, _) | (Self::Present, Some(_)) | (Self::Absent, None) => true,
            (Self::OneOf(versions), Some(stored)) => versions.contains(&stored.version),
            _ => false,
        };
        if fits { Ok(()) } else { Err(AdminError::Stale) }
    }
}

/// How often a decision is made anew because something moved in between.
#[derive(Debug, Default)]
pub struct Tries(u32);

impl Tries {
    const MOST: u32 = 10;

    /// Is it worth deciding again?
    pub fn again(&mut self, error: &AdminError) -> bool {
        let moved = matches!(
            error,
            AdminError::Handle(HandleError::Store(StoreError::Conflict { .. }))
        );
        self.0 = self.0.saturating_add(1);
        moved && self.0 <= Self::MOST
    }
}

/// Decides again while something moved in between.
macro_rules! deciding {
    ($once:expr) => {{
        let mut tries = $crate::admin::Tries::default();
        loop {
            match $once {
                Err(error) if tries.again(&error) => {}
                done => break done,
            }
        }
    }};
}
pub(crate) use deciding;

/// Who asks, and at what time.
pub type Who = Origin;
