//! The running application and what tests look at.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Door, List, OauthServer, SaasAnswer, SaasRequest};
use crate::faults::Faults;
use crate::locked;
use crate::server::{Server, Traffic, any_port, fault_routes};

type Script = Arc<dyn Fn(&SaasRequest) -> SaasAnswer + Send + Sync>;

/// What is answered at a path.
#[derive(Clone)]
enum Place {
    List(Arc<List>),
    Script(Script),
}

/// Everything behind a [`SaasApp`].
struct App {
    places: Mutex<Vec<(String, Place)>>,
    door: Mutex<Door>,
    /// Paths in front of the door.
    outside: Mutex<Vec<String>>,
    oauth: Mutex<Option<OauthServer>>,
    asked: Mutex<Vec<SaasRequest>>,
}

/// An application that lists its users, on loopback until it is dropped.
pub struct SaasApp {
    app: Arc<App>,
    server: Server,
    faults: Faults,
}

impl SaasApp {
    /// Starts the application, with nothing to show yet; must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// If no port can be listened at.
    pub async fn start() -> std::io::Result<Self> {
        let app = Arc::new(App {
            places: Mutex::default(),
            door: Mutex::new(Door::Open),
            outside: Mutex::new(vec!["/login".to_owned()]),
            oauth: Mutex::default(),
            asked: Mutex::default(),
        });
        let faults = Faults::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&app))
            .merge(fault_routes(faults.clone()));
        let server = Server::start(any_port(), router, faults.clone()).await?;
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

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        self.base_url().replace("http://", "")
    }

    /// Shows a list at a path.
    pub fn list(&self, path: &str, list: List) {
        self.place(path, Place::List(Arc::new(list)));
    }

    /// Answers the same at a path, always.
    pub fn fixed(&self, path: &str, body: Value) {
        self.script(path, move |_| SaasAnswer::json(&body));
    }

    /// Answers as the script says; a path that ends with `*` stands for all that begin like it.
    pub fn script(
        &self,
        path: &str,
        script: impl Fn(&SaasRequest) -> SaasAnswer + Send + Sync + 'static,
    ) {
        self.place(path, Place::Script(Arc::new(script)));
    }

    /// This path is in front of the door, as `/login` is: who has no key yet gets one there.
    pub fn outside(&self, path: &str) {
        locked(&self.app.outside).push(path.to_owned());
    }

    /// From now on only who has a key comes in; token endpoints are always open.
    pub fn door(&self, door: Door) {
        *locked(&self.app.door) = door;
    }

    /// Issues tokens where the server says.
    pub fn oauth(&self, server: OauthServer) {
        *locked(&self.app.oauth) = Some(server);
    }

    /// Its faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What passed through.
    pub fn traffic(&self) -> &Traffic {
        self.server.traffic()
    }

    /// Everything that was asked, oldest first; what met a fault before it came here is not in it.
    pub fn asked(&self) -> Vec<SaasRequest> {
        locked(&self.app.asked).clone()
    }

    /// What was asked at a path.
    pub fn asked_at(&self, path: &str) -> Vec<SaasRequest> {
        let asked = self.asked().into_iter();
        asked.filter(|request| request.path == path).collect()
    }

    fn place(&self, path: &str, place: Place) {
        let mut places = locked(&self.app.places);
        places.retain(|(known, _)| known != path);
        places.push((path.to_owned(), place));
    }
}

impl App {
    fn answer(&self, request: &SaasRequest) -> SaasAnswer {
        let oauth = locked(&self.oauth).clone();
        if let Some(oauth) = &oauth
            && let Some(answer) = oauth.answer(request)
        {
            return answer;
        }
        let place = self.find(&request.path);
        if !locked(&self.outside).contains(&request.path) {
            let door = locked(&self.door).clone();
            if let Err(answer) = door.pass(request, oauth.as_ref()) {
                return answer;
            }
        }
        match place {
            Some(Place::List(list)) => list.answer(request),
            Some(Place::Script(script)) => script(request),
            None => SaasAnswer::error(404, &json!({ "message": "there is no such place" })),
        }
    }

    fn find(&self, path: &str) -> Option<Place> {
        let places = locked(&self.places);
        let exact = places.iter().find(|(known, _)| known == path);
        let begins = |known: &str| {
            known
                .strip_suffix('*')
                .is_some_and(|start| path.starts_with(start))
        };
        exact
            .or_else(|| places.iter().find(|(known, _)| begins(known)))
            .map(|(_, place)| place.clone())
    }
}

async fn answer(Shared(app): Shared<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 8 * 1024 * 1024)
        .await
        .unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let asked = SaasRequest {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    };
    locked(&app.asked).push(asked.clone());
    app.answer(&asked).response()
}
