//! Settings, and the connection to Lever, whose secrets go in and never come out.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use sando_core::admin::settings::{self, LeverSecrets, Set, Shown};
use sando_core::ids::Slug;
use sando_core::public_url::PublicUrl;
use sando_core::retention::Retention;
use sando_core::settings::{Directory, Guard, Settings};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayAdmin, MayRead};
use crate::body::Body;
use crate::condition::{IfMatch, etag};
use crate::notification::{NONE, NotificationBody, NotificationView};
use crate::oidc::{self, OidcBody};
use crate::problem::Problem;

/// Settings as they go in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBody {
    /// Facts older than this start nothing; left out it stays, null takes it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    live_from: Option<Option<Timestamp>>,
    /// Removals in an hour beyond which removals are paused.
    #[serde(default)]
    removals_per_hour: Option<u32>,
    /// People in an hour beyond whom changes that take access away are held.
    #[serde(default)]
    movers_per_hour: Option<u32>,
    /// The percentage of all people beyond which they are held as well; one person alone never is.
    #[serde(default)]
    movers_percent: Option<u32>,
    /// When what a sync found is held: more than so many users, and so many in a hundred, lose something.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    guard: Option<Guard>,
    /// For how many days what is over is kept; left out, it stays, and a part that is left out is as usual: `{candidates_days, events_days, runs_days,
    /// syncs_days, dropped_users_days, letters_days, jobs_days}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    retention: Option<Retention>,
    /// Role → addresses.
    #[serde(default)]
    roles: Option<BTreeMap<String, Vec<String>>>,
    /// The OpenID Connect provider whose tokens are accepted, and by which the console signs people in; left out it stays, null
    /// takes it away: `{issuer, audience, client_id, client_secret, scopes, groups_claim, groups: {group: [role]}}`. Without
    /// `client_id` nobody signs in by it; `client_secret` goes in and never comes out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    oidc: Option<Option<OidcBody>>,
    /// The account whose users are the people of the company; left out it stays, null takes it away:
    /// `{definition, account, attributes: {attribute: value expression over a user}}`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    directory: Option<Option<Directory>>,
    /// Where browsers reach Sando, such as `https://sando.contoso.example`: what letters link to. Left out it stays, null
    /// takes it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    public_url: Option<Option<PublicUrl>>,
    /// After so many days without a decision in an access review, `role:it-admin` is told that one is due, such as 91. Left
    /// out it stays, null takes it away: then nobody is told.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    review_every_days: Option<Option<u32>>,
    #[serde(default)]
    lever: Option<LeverBody>,
    /// How people are told; left out, it stays.
    #[serde(default)]
    notification: Option<NotificationBody>,
}

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The connection to Lever.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeverBody {
    /// Left out, the one that is set stays. What an answer shows of it is ignored.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>)]
    api_key: Option<String>,
    /// All registrations; left out, they stay.
    #[serde(default)]
    registrations: Option<Vec<RegistrationBody>>,
}

/// One webhook registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegistrationBody {
    #[schema(value_type = String)]
    name: Slug,
    /// One, or two during a rotation; left out, those that are set stay.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<Vec<String>>)]
    signing_tokens: Option<Vec<String>>,
}

/// A secret that goes in, or what an answer shows in its place, which changes nothing.
pub(crate) fn secret<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        Secret(T),
        Shown {
            #[serde(rename = "set")]
            _set: bool,
        },
    }
    let either = Option::<Either<T>>::deserialize(deserializer)
        .map_err(|_| serde::de::Error::custom("a text, or a list of texts"))?;
    Ok(match either {
        Some(Either::Secret(secret)) => Some(secret),
        Some(Either::Shown { .. }) | None => None,
    })
}

/// Settings as they come out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsView {
    #[schema(value_type = Option<String>, format = DateTime)]
    live_from: Option<Timestamp>,
    removals_per_hour: u32,
    movers_per_hour: u32,
    movers_percent: u32,
    /// `{users, percent}`.
    #[schema(value_type = Object)]
    guard: Guard,
    /// Days by what is kept.
    #[schema(value_type = Object)]
    retention: Retention,
    roles: BTreeMap<String, Vec<String>>,
    #[schema(value_type = Option<Object>)]
    oidc: Option<Value>,
    /// `{definition, account, attributes}`.
    #[schema(value_type = Option<Object>)]
    directory: Option<Directory>,
    #[schema(value_type = Option<String>)]
    public_url: Option<PublicUrl>,
    review_every_days: Option<u32>,
    lever: LeverView,
    notification: NotificationView,
}

/// What is set of the connection to Lever.
#[derive(Debug, Serialize, ToSchema)]
struct LeverView {
    api_key: SetView,
    registrations: Vec<RegistrationView>,
}

/// What is set of one registration.
#[derive(Debug, Serialize, ToSchema)]
struct RegistrationView {
    name: String,
    signing_tokens: SetView,
}

/// Whether a secret is set, and since when.
#[derive(Debug, Serialize, ToSchema)]
struct SetView {
    set: bool,
    count: usize,
    #[schema(value_type = Option<String>, format = DateTime)]
    set_at: Option<Timestamp>,
}

impl From<&Set> for SetView {
    fn from(set: &Set) -> Self {
        Self {
            set: set.count > 0,
            count: set.count,
            set_at: set.at,
        }
    }
}

impl From<&Shown> for SettingsView {
    fn from(shown: &Shown) -> Self {
        let registrations = shown.registrations.iter();
        Self {
            live_from: shown.settings.live_from,
            removals_per_hour: shown.settings.removals_per_hour,
            movers_per_hour: shown.settings.movers_per_hour,
            movers_percent: shown.settings.movers_percent,
            guard: shown.settings.guard,
            retention: shown.settings.retention,
            roles: shown.settings.roles.clone(),
            oidc: oidc::view(shown),
            directory: shown.settings.directory.clone(),
            public_url: shown.settings.public_url.clone(),
            review_every_days: shown.settings.review_every_days,
            notification: NotificationView::from(shown),
            lever: LeverView {
                api_key: SetView::from(&shown.api_key),
                registrations: registrations
                    .map(|(name, set)| RegistrationView {
                        name: name.to_string(),
                        signing_tokens: SetView::from(set),
                    })
                    .collect(),
            },
        }
    }
}

async fn shown(api: &Api) -> Result<Response, Problem> {
    let shown = settings::shown(&api.ports, api.secrets.as_ref()).await?;
    Ok((etag(shown.version), Json(SettingsView::from(&shown))).into_response())
}

/// Reads the settings; of secrets only whether they are set.
#[utoipa::path(get, path = "/v1/settings", tag = "settings", operation_id = "get_settings",
    responses((status = 200, body = SettingsView)))]
pub(crate) async fn read(_: MayRead, State(api): State<Api>) -> Result<Response, Problem> {
    shown(&api).await
}

/// Puts the settings.
#[utoipa::path(put, path = "/v1/settings", tag = "settings", operation_id = "put_settings",
    request_body = SettingsBody, responses((status = 200, body = SettingsView)))]
pub(crate) async fn put(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    IfMatch(expect): IfMatch,
    Body(body): Body<SettingsBody>,
) -> Result<Response, Problem> {
    let (before, _) = settings::current(&api.ports).await?;
    let usual = Settings::default();
    let (notification, told) = match body.notification {
        Some(body) => body.into_parts(),
        None => (before.notification.clone(), None),
    };
    settings::check_notification(&notification, told.as_ref().unwrap_or(&NONE))?;
    let named = notification.clone();
    let (oidc, client_secret) = match body.oidc {
        Some(Some(body)) => (Some(body.settings), body.client_secret),
        Some(None) => (None, None),
        None => (before.oidc, None),
    };
    if let Some(secret) = &client_secret {
        settings::check_client_secret(secret)?;
    }
    let wanted = Settings {
        notification,
        live_from: body.live_from.unwrap_or(before.live_from),
        removals_per_hour: body.removals_per_hour.unwrap_or(usual.removals_per_hour),
        movers_per_hour: body.movers_per_hour.unwrap_or(usual.movers_per_hour),
        movers_percent: body.movers_percent.unwrap_or(usual.movers_percent),
        guard: body.guard.unwrap_or(usual.guard),
        retention: body.retention.unwrap_or(before.retention),
        roles: body.roles.unwrap_or_default(),
        registrations: before.registrations,
        oidc,
        directory: body.directory.unwrap_or(before.directory),
        public_url: body.public_url.unwrap_or(before.public_url),
        review_every_days: body.review_every_days.unwrap_or(before.review_every_days),
    };
    let (ports, secrets, who) = (&api.ports, api.secrets.as_ref(), caller.who(&api));
    let lever = body.lever.map(LeverSecrets::from).unwrap_or_default();
    settings::put(ports, secrets, &who, wanted, &lever, &expect).await?;
    if let Some(told) = told {
        settings::keep_notification(ports, secrets, &who, &named, told).await?;
    }
    if let Some(secret) = client_secret {
        settings::keep_client_secret(ports, secrets, &who, &secret).await?;
    }
    shown(&api).await
}

impl From<LeverBody> for LeverSecrets {
    fn from(body: LeverBody) -> Self {
        let registrations = body.registrations.map(|registrations| {
            let named = registrations.into_iter();
            named
                .map(|registration| (registration.name, registration.signing_tokens))
                .collect()
        });
        Self {
            api_key: body.api_key,
            registrations,
        }
    }
}
