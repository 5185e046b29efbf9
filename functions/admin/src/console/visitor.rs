//! Who looks at a page, and what they may. A handler that takes [`Sees`], [`Operates`], [`Decides`] or [`Administers`]
//! runs for those only; these come first, so that nothing is said about an object to who may not see it.

use axum::extract::FromRequestParts;
use http::request::Parts;
use sando_core::admin::Who;
use sando_core::admin::api_key::Scope;

use crate::Api;
use crate::auth::Caller;

use super::refusal::Refusal;
use super::words::Said;

/// Somebody who is signed in and looks at a page.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// Who, as the API knows them.
    pub(super) caller: Caller,
    /// What to call them.
    pub(super) name: String,
    /// What their forms carry, so that nobody else's forms count.
    pub(super) csrf: String,
    /// What was just done.
    pub(super) said: Option<Said>,
    /// Do single keys do something in their browser?
    pub(super) shortcuts: bool,
    /// Is something paused, so that what is due waits?
    pub(super) is_paused: bool,
}

impl Visitor {
    /// Do they have this scope?
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.caller.may(scope)
    }

    /// Who does something now, for the audit.
    pub(super) fn who(&self, api: &Api) -> Who {
        self.caller.who(api)
    }
}

fn demand(parts: &Parts, scopes: &[Scope]) -> Result<Visitor, Refusal> {
    let Some(visitor) = parts.extensions.get::<Visitor>() else {
        return Err(Refusal::SignIn);
    };
    if scopes.iter().any(|scope| visitor.may(*scope)) {
        return Ok(visitor.clone());
    }
    let needed = scopes.first().copied().unwrap_or(Scope::Admin);
    tracing::warn!(
        counter.forbidden = 1,
        scope = needed.as_str(),
        "a page or form of the console was refused to somebody without the role"
    );
    Err(Refusal::Needs(needed))
}

macro_rules! who {
    ($(#[$doc:meta])* $name:ident, $scopes:expr) => {
        $(#[$doc])*
        pub(super) struct $name(pub(super) Visitor);

        impl FromRequestParts<Api> for $name {
            type Rejection = Refusal;

            async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Refusal> {
                demand(parts, &$scopes).map(Self)
            }
        }
    };
}

who!(
    /// Somebody who may see everything.
    Sees,
    [Scope::Read]
);
who!(
    /// Somebody who may see, or who decides and sees what that needs.
    SeesInbox,
    [Scope::Read, Scope::Approve]
);
who!(
    /// Somebody who may see everything, or what they started.
    SeesWork,
    [Scope::Read, Scope::Operate]
);
who!(
    /// Somebody who may start something.
    Operates,
    [Scope::Operate]
);
who!(
    /// Somebody who may decide approvals.
    Decides,
    [Scope::Approve]
);
who!(
    /// Somebody who may do everything.
    Administers,
    [Scope::Admin]
);
who!(
    /// Anybody who is signed in.
    SignedIn,
    [Scope::Read, Scope::Operate, Scope::Approve, Scope::Admin]
);
