//! Who asks, and what they may. A handler that takes [`MayRead`], [`MayOperate`] or [`MayAdmin`] runs for those only;
//! these come first, so that scope is checked before anything about the object is said.

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use sando_core::admin::api_key::{Scope, Token, is_same, scopes_of};
use sando_core::admin::session::{Known, LOCAL, Signed};
use sando_core::admin::{AdminError, Who, settings};
use sando_core::approval::Decider;
use sando_core::audit::Cause;
use sando_core::ids::KeyId;
use sando_core::ports::TokenError;

use crate::Api;
use crate::problem::Problem;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// As the audit names them.
    pub(crate) actor: String,
    scopes: BTreeSet<Scope>,
    /// Who they are for approvals.
    roles: BTreeSet<String>,
}

impl Caller {
    /// Somebody who wants to decide.
    pub(crate) fn decider(&self) -> Decider {
        Decider {
            actor: self.actor.clone(),
            names: self.roles.clone(),
            is_admin: self.scopes.contains(&Scope::Admin),
        }
    }

    /// May they see everything?
    pub(crate) fn may_read(&self) -> bool {
        self.may(Scope::Read)
    }

    /// Do they have this scope?
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Somebody who is signed in to the console.
    pub(crate) fn signed_in(known: Known) -> Self {
        Self {
            actor: known.actor,
            scopes: known.scopes,
            roles: known.names,
        }
    }

    /// How a session of theirs is kept; none for somebody whose proof cannot be asked for again.
    pub(crate) fn signed(&self) -> Option<Signed> {
        if self.actor == LOCAL {
            return Some(Signed::Local);
        }
        let id = self.actor.strip_prefix("key:")?;
        let id = KeyId::parse(id).ok()?;
        Some(Signed::Key { id })
    }

    /// Who does it, why and when: the request is the cause.
    pub(crate) fn who(&self, api: &Api) -> Who {
        let mut bytes = [0_u8; 16];
        api.ports.chance.fill(&mut bytes);
        let request = format!("req_{}", bytes.map(|byte| format!("{byte:02x}")).concat());
        Who {
            actor: self.actor.clone(),
            cause: Cause::of("api", &request),
            correlation_id: request,
            at: api.ports.clock.now(),
        }
    }
}

/// Finds out who asks; whether they may is the handler's to say.
pub(crate) async fn authenticate(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Response {
    match caller(&api, request.headers()).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
        }
        Ok(None) => {}
        Err(problem) => return problem.into_response(),
    }
    next.run(request).await
}

async fn caller(api: &Api, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match token.filter(|token| !token.is_empty()) {
        Some(token) => proved(api, token).await,
        None => Ok(None),
    }
}

/// Whom a token proves.
pub(crate) async fn proved(api: &Api, token: &str) -> Result<Option<Caller>, Problem> {
    let admin = api.admin_token.as_deref().filter(|admin| !admin.is_empty());
    if admin.is_some_and(|admin| is_same(admin, token)) {
        return Ok(Some(Caller {
            actor: LOCAL.to_owned(),
            scopes: BTreeSet::from([Scope::Admin]),
            roles: BTreeSet::new(),
        }));
    }
    let Some(token) = Token::parse(token) else {
        return named_by_provider(api, token).await;
    };
    let key = token.prove(&api.ports).await?;
    Ok(key.map(|key| Caller {
        actor: format!("key:{}", key.id),
        scopes: key.scopes,
        roles: key.roles,
    }))
}

/// Somebody whom the OpenID Connect provider of the settings names.
async fn named_by_provider(api: &Api, token: &str) -> Result<Option<Caller>, Problem> {
    let is_jwt = token.split('.').count() == 3;
    let (settings, _) = settings::current(&api.ports).await?;
    let Some(oidc) = settings.oidc.filter(|_| is_jwt) else {
        return Ok(None);
    };
    match api.tokens.verify(token, &oidc).await {
        Ok(identity) => {
            let roles = oidc.roles_of(&identity);
            Ok(Some(Caller {
                actor: identity.actor(),
                scopes: scopes_of(&roles),
                roles: identity.names(roles),
            }))
        }
        Err(TokenError::Refused(why)) => {
            tracing::info!(%why, "a token of the provider was refused");
            Ok(None)
        }
        Err(TokenError::Keys(error)) => Err(AdminError::Remote(error).into()),
    }
}

fn demand(parts: &Parts, scope: Scope) -> Result<Caller, Problem> {
    let Some(caller) = parts.extensions.get::<Caller>() else {
        tracing::warn!(
            counter.unauthorized = 1,
            "a request without a valid token was refused"
        );
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "a valid token is needed: `Authorization: Bearer …`",
        ));
    };
    if caller.may(scope) {
        return Ok(caller.clone());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        format!("the scope `{}` is needed", scope.as_str()),
    ))
}

macro_rules! may {
    ($(#[$doc:meta])* $name:ident, $scope:expr) => {
        $(#[$doc])*
        pub(crate) struct $name(pub(crate) Caller);

        impl FromRequestParts<Api> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
                demand(parts, $scope).map(Self)
            }
        }
    };
}

/// Somebody who may see, or who decides and sees what that needs.
pub(crate) struct MaySeeApprovals(pub(crate) Caller);

impl FromRequestParts<Api> for MaySeeApprovals {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        demand(parts, Scope::Approve)
            .or_else(|_| demand(parts, Scope::Read))
            .map(Self)
    }
}

may!(
    /// Somebody who may see.
    MayRead,
    Scope::Read
);
may!(
    /// Somebody who may decide approvals.
    MayApprove,
    Scope::Approve
);
may!(
    /// Somebody who may start something.
    MayOperate,
    Scope::Operate
);
may!(
    /// Somebody who may do everything.
    MayAdmin,
    Scope::Admin
);
