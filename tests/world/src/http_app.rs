//! A simulated application without SCIM: the API of the `http` provisioner's example.
//!
//! `GET /members?email=`, `POST /members`, `PATCH` and `DELETE /members/{id}`,
//! `POST /members/{id}/suspend|restore|logout`, `PUT` and `DELETE /members/{id}/seat`, all with
//! the header `X-Api-Key`. Beside it a place for other services' calls: `POST /enrol` and
//! `POST /hook/{name}`, which record their bodies.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, Request, State as Shared};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::faults::Faults;
use crate::locked;
use crate::query::Params;
use crate::server::{Server, Traffic, any_port, fault_routes};
use crate::visibility::Made;

/// How the application behaves.
#[derive(Clone, Debug)]
pub struct HttpAppOptions {
    /// Where it listens; a free port on loopback unless given.
    pub address: SocketAddr,
    /// What the header `X-Api-Key` must hold.
    pub api_key: String,
    /// Makes ids repeatable.
    pub seed: u64,
    /// How long a new member is not found.
    pub invisible_for: Duration,
    /// Whether an address that is taken is refused with 409.
    pub unique: bool,
}

impl Default for HttpAppOptions {
    fn default() -> Self {
        Self {
            address: any_port(),
            api_key: "app-key".to_owned(),
            seed: 3,
            invisible_for: Duration::ZERO,
            unique: true,
        }
    }
}

/// A member as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The application's id.
    pub id: String,
    /// The address, as it was sent.
    pub email: String,
    /// The role, if one was sent.
    pub role: Option<String>,
    /// `active` or `suspended`.
    pub state: &'static str,
    /// The plan of the seat, if there is one.
    pub plan: Option<String>,
    /// How often its sessions were ended.
    pub logouts: u32,
}

/// A body that was posted to `/enrol` or `/hook/{name}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Received {
    /// `enrol`, or the name of the hook.
    pub name: String,
    /// The body; text that is not JSON is a string.
    pub body: Value,
    /// The header `Idempotency-Key`, if there was one.
    pub idempotency_key: Option<String>,
}

#[derive(Default)]
struct Store {
    members: Vec<(Made, Member)>,
    received: Vec<Received>,
    creates: u64,
}

struct App {
    options: HttpAppOptions,
    chance: Chance,
    store: Mutex<Store>,
}

type Sim = Shared<Arc<App>>;
type Answer = Result<Json<Member>, StatusCode>;

/// An application without SCIM that listens on loopback until it is dropped.
pub struct HttpApp {
    app: Arc<App>,
    server: Server,
    faults: Faults,
}

impl HttpApp {
    /// Starts the application; must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be listened at.
    pub async fn start(options: HttpAppOptions) -> std::io::Result<Self> {
        let address = options.address;
        let app = Arc::new(App {
            chance: Chance::seeded(options.seed),
            store: Mutex::default(),
            options,
        });
        let faults = Faults::default();
        let router = router(Arc::clone(&app)).merge(fault_routes(faults.clone()));
        let server = Server::start(address, router, faults.clone()).await?;
        Ok(Self {
            app,
            server,
            faults,
        })
    }

    /// Where it is, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.server.url()
    }

    /// What the header `X-Api-Key` must hold.
    pub fn api_key(&self) -> &str {
        &self.app.options.api_key
    }

    /// Its faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What passed through.
    pub fn traffic(&self) -> &Traffic {
        self.server.traffic()
    }

    /// Every member, visible or not, in the order of creation.
    pub fn members(&self) -> Vec<Member> {
        self.app.members()
    }

    /// The first member with this address, whatever its case.
    pub fn member(&self, email: &str) -> Option<Member> {
        let mut members = self.members().into_iter();
        members.find(|member| member.email.eq_ignore_ascii_case(email))
    }

    /// How many members were created over the API, removed ones included.
    pub fn creates(&self) -> u64 {
        locked(&self.app.store).creates
    }

    /// The addresses that more than one member has.
    pub fn duplicates(&self) -> Vec<String> {
        let members = self.members();
        let mut addresses: Vec<String> =
            members.iter().map(|one| one.email.to_lowercase()).collect();
        addresses.sort();
        let mut doubled: Vec<String> = addresses
            .iter()
            .zip(addresses.iter().skip(1))
            .filter(|(one, next)| one == next)
            .map(|(one, _)| one.clone())
            .collect();
        doubled.dedup();
        doubled
    }

    /// A member that somebody else made, visible at once; returns its id.
    pub fn insert_stranger(&self, email: &str) -> String {
        let member = self.app.new_member(email, None);
        let id = member.id.clone();
        let made = Made::now(Duration::ZERO);
        locked(&self.app.store).members.push((made, member));
        id
    }

    /// Removes a member by hand; false if there is none of this id.
    pub fn remove_by_hand(&self, id: &str) -> bool {
        self.app.remove(id)
    }

    /// Everything posted to this hook (or to `enrol`), oldest first.
    pub fn received(&self, name: &str) -> Vec<Received> {
        let store = locked(&self.app.store);
        let mine = store.received.iter().filter(|one| one.name == name);
        mine.cloned().collect()
    }

    /// The URL of a hook that records what is posted to it, Slack's shape included.
    pub fn hook_url(&self, name: &str) -> String {
        format!("{}/hook/{name}", self.server.url())
    }
}

fn router(app: Arc<App>) -> Router {
    let members = Router::new()
        .route("/members", get(find).post(create))
        .route("/members/{id}", patch(update).get(read).delete(remove))
        .route("/members/{id}/suspend", post(suspend))
        .route("/members/{id}/restore", post(restore))
        .route("/members/{id}/logout", post(logout))
        .route("/members/{id}/seat", put(assign).delete(release))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard));
    Router::new()
        .merge(members)
        .route("/enrol", post(enrol))
        .route("/hook/{name}", post(hook))
        .route("/control/users", get(control_users))
        .with_state(app)
}

async fn guard(Shared(app): Sim, request: Request, next: Next) -> Response {
    let given = request.headers().get("x-api-key");
    if given.is_none_or(|given| given.as_bytes() != app.options.api_key.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

impl App {
    fn members(&self) -> Vec<Member> {
        let store = locked(&self.store);
        store
            .members
            .iter()
            .map(|(_, member)| member.clone())
            .collect()
    }

    fn new_member(&self, email: &str, role: Option<String>) -> Member {
        Member {
            id: format!("m_{}", self.chance.hex(6)),
            email: email.to_owned(),
            role,
            state: "active",
            plan: None,
            logouts: 0,
        }
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Member)) -> Answer {
        let mut store = locked(&self.store);
        let mut all = store.members.iter_mut().map(|(_, member)| member);
        let member = all.find(|member| member.id == id);
        let member = member.ok_or(StatusCode::NOT_FOUND)?;
        change(member);
        Ok(Json(member.clone()))
    }

    fn remove(&self, id: &str) -> bool {
        let members = &mut locked(&self.store).members;
        let before = members.len();
        members.retain(|(_, member)| member.id != id);
        members.len() < before
    }

    fn record(&self, name: &str, request: Posted) -> StatusCode {
        locked(&self.store).received.push(Received {
            name: name.to_owned(),
            body: request.body,
            idempotency_key: request.idempotency_key,
        });
        StatusCode::OK
    }
}

async fn find(Shared(app): Sim, params: Params) -> Json<Value> {
    let wanted = params.one("email");
    let store = locked(&app.store);
    let visible = store.members.iter().filter(|(made, _)| made.is_visible());
    let fitting = visible
        .map(|(_, member)| member)
        .filter(|member| wanted.is_none_or(|email| member.email.eq_ignore_ascii_case(email)));
    Json(json!({ "members": fitting.collect::<Vec<_>>() }))
}

async fn create(
    Shared(app): Sim,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Member>), StatusCode> {
    let email = body
        .get("email")
        .and_then(Value::as_str)
        .filter(|email| email.contains('@'));
    let email = email.ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    let member = app.new_member(email, text(&body, "role"));
    let mut store = locked(&app.store);
    let is_same = |other: &Member| other.email.eq_ignore_ascii_case(email);
    if app.options.unique && store.members.iter().any(|(_, other)| is_same(other)) {
        return Err(StatusCode::CONFLICT);
    }
    store.creates += 1;
    store
        .members
        .push((Made::now(app.options.invisible_for), member.clone()));
    Ok((StatusCode::CREATED, Json(member)))
}

async fn read(Shared(app): Sim, Path(id): Path<String>) -> Answer {
    let store = locked(&app.store);
    let mut visible = store.members.iter().filter(|(made, _)| made.is_visible());
    let found = visible.find(|(_, member)| member.id == id);
    found
        .map(|(_, member)| Json(member.clone()))
        .ok_or(StatusCode::NOT_FOUND)
}

async fn update(Shared(app): Sim, Path(id): Path<String>, Json(body): Json<Value>) -> Answer {
    app.change(&id, |member| {
        if let Some(role) = text(&body, "role") {
            member.role = Some(role);
        }
        if let Some(email) = text(&body, "email") {
            member.email = email;
        }
    })
}

async fn remove(Shared(app): Sim, Path(id): Path<String>) -> StatusCode {
    if app.remove(&id) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn suspend(Shared(app): Sim, Path(id): Path<String>) -> Answer {
    app.change(&id, |member| member.state = "suspended")
}

async fn restore(Shared(app): Sim, Path(id): Path<String>) -> Answer {
    app.change(&id, |member| member.state = "active")
}

async fn logout(Shared(app): Sim, Path(id): Path<String>) -> Answer {
    app.change(&id, |member| member.logouts += 1)
}

async fn assign(Shared(app): Sim, Path(id): Path<String>, Json(body): Json<Value>) -> Answer {
    let plan = text(&body, "plan").ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    app.change(&id, |member| member.plan = Some(plan))
}

/// 404 as well if there is no seat to release.
async fn release(Shared(app): Sim, Path(id): Path<String>) -> Result<StatusCode, StatusCode> {
    let mut released = None;
    let Json(_without) = app.change(&id, |member| released = member.plan.take())?;
    released
        .map(|_| StatusCode::NO_CONTENT)
        .ok_or(StatusCode::NOT_FOUND)
}

async fn enrol(Shared(app): Sim, request: Posted) -> StatusCode {
    app.record("enrol", request)
}

async fn hook(Shared(app): Sim, Path(name): Path<String>, request: Posted) -> StatusCode {
    app.record(&name, request)
}

async fn control_users(Shared(app): Sim) -> Json<Vec<Member>> {
    Json(app.members())
}

/// A recorded request's body and key.
struct Posted {
    body: Value,
    idempotency_key: Option<String>,
}

impl<S: Send + Sync> axum::extract::FromRequest<S> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let key = request.headers().get("idempotency-key");
        let idempotency_key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
        let text = String::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Self {
            body,
            idempotency_key,
        })
    }
}

fn text(body: &Value, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Fault, FaultKind};
    use crate::wait_until;

    #[expect(clippy::disallowed_methods, reason = "tests talk to loopback only")]
    fn client() -> reqwest::Client {
        reqwest::Client::new()
    }

    async fn call(app: &HttpApp, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", app.base_url());
        let request = client().request(method.parse().unwrap(), url);
        let request = request.header("X-Api-Key", app.api_key()).json(&body);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    #[tokio::test]
    async fn a_member_lives_through_every_action() {
        let app = HttpApp::start(HttpAppOptions::default()).await.unwrap();
        let new = json!({ "email": "ada@x.example", "role": "member" });

        let (status, member) = call(&app, "POST", "/members", new.clone()).await;
        assert_eq!(status, 201);
        assert_eq!(call(&app, "POST", "/members", new).await.0, 409);
        let path = format!("/members/{}", member["id"].as_str().unwrap());
        call(&app, "PATCH", &path, json!({ "role": "admin" })).await;
        call(
            &app,
            "PUT",
            &format!("{path}/seat"),
            json!({ "plan": "pro" }),
        )
        .await;
        call(&app, "POST", &format!("{path}/suspend"), json!({})).await;
        call(&app, "POST", &format!("{path}/logout"), json!({})).await;

        let (_, found) = call(&app, "GET", "/members?email=ada%40x.example", Value::Null).await;
        let found = &found["members"][0];
        assert_eq!(
            (&found["role"], &found["state"], &found["plan"]),
            (&json!("admin"), &json!("suspended"), &json!("pro"))
        );
        assert_eq!(
            call(&app, "DELETE", &format!("{path}/seat"), json!({}))
                .await
                .0,
            204
        );
        assert_eq!(
            call(&app, "DELETE", &format!("{path}/seat"), json!({}))
                .await
                .0,
            404
        );
        assert_eq!(call(&app, "DELETE", &path, json!({})).await.0, 204);
        assert_eq!(call(&app, "DELETE", &path, json!({})).await.0, 404);
    }

    #[tokio::test]
    async fn a_hidden_member_appears_later_and_a_double_is_told() {
        let app = HttpApp::start(HttpAppOptions {
            invisible_for: Duration::from_millis(300),
            unique: false,
            ..HttpAppOptions::default()
        })
        .await
        .unwrap();
        let new = json!({ "email": "ada@x.example" });
        for _ in 0..2 {
            call(&app, "POST", "/members", new.clone()).await;
        }

        let found = async || call(&app, "GET", "/members", Value::Null).await.1["members"].clone();
        assert_eq!(found().await, json!([]));
        assert_eq!(app.duplicates(), ["ada@x.example"]);
        let both = async || found().await.as_array().unwrap().len() == 2;
        wait_until(Duration::from_secs(5), both).await.unwrap();
    }

    #[tokio::test]
    async fn hooks_record_what_they_get_even_if_they_answer_an_error() {
        let app = HttpApp::start(HttpAppOptions::default()).await.unwrap();
        app.faults()
            .push(Fault::on("POST", "/hook/", FaultKind::ErrorAfter(500)));

        let sent = client()
            .post(app.hook_url("team"))
            .json(&json!({ "text": "Hello" }))
            .send()
            .await;

        assert_eq!(sent.unwrap().status(), 500);
        assert_eq!(app.received("team")[0].body["text"], "Hello");
    }
}
