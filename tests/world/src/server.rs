//! A real HTTP server on loopback whose connections can be cut, and what passed through it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use crate::faults::{Fault, FaultKind, Faults, RandomFaults};
use crate::locked;

/// Larger bodies than any of the simulated services takes.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// How many requests are remembered.
const REMEMBERED: usize = 10_000;

/// One request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The status answered; `None` if the connection was cut.
    pub status: Option<u16>,
}

/// What passed through a server; clones share it. Control requests are not counted.
#[derive(Clone, Default)]
pub struct Traffic {
    state: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    total: u64,
    limited: u64,
    last: VecDeque<Exchange>,
}

impl Traffic {
    /// How many requests came in.
    pub fn requests(&self) -> u64 {
        locked(&self.state).total
    }

    /// How many were answered 429.
    pub fn too_many(&self) -> u64 {
        locked(&self.state).limited
    }

    /// The last 10,000 requests, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        locked(&self.state).last.iter().cloned().collect()
    }

    /// How many of the remembered requests have this method and a path that contains `path`.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let fits = |seen: &&Exchange| seen.method == method && seen.path.contains(path);
        locked(&self.state).last.iter().filter(fits).count()
    }

    fn record(&self, exchange: Exchange) {
        let mut seen = locked(&self.state);
        seen.total += 1;
        if exchange.status == Some(StatusCode::TOO_MANY_REQUESTS.as_u16()) {
            seen.limited += 1;
        }
        if seen.last.len() >= REMEMBERED {
            seen.last.pop_front();
        }
        seen.last.push_back(exchange);
    }
}

/// The connection ends here, without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut")]
struct Cut;

/// A running server; dropping it closes the listener and every connection.
pub(crate) struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
    traffic: Traffic,
}

impl Server {
    /// Listens at `address` (port 0 picks a free one) and serves `router` through `faults`.
    ///
    /// # Errors
    /// If the address cannot be listened at.
    pub(crate) async fn start(
        address: SocketAddr,
        router: Router,
        faults: Faults,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let traffic = Traffic::default();
        let gate = Gate {
            router,
            faults,
            traffic: traffic.clone(),
        };
        Ok(Self {
            address,
            task: tokio::spawn(accept(listener, gate)),
            traffic,
        })
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What passed through.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `POST`, `PUT` and `DELETE /control/faults`: adds one, sets the random ones, ends all of them.
pub(crate) fn fault_routes(faults: Faults) -> Router {
    let (clearing, chance) = (faults.clone(), faults.clone());
    let add = async move |Json(fault): Json<Fault>| {
        faults.push(fault);
        StatusCode::NO_CONTENT
    };
    let set = async move |Json(random): Json<RandomFaults>| {
        chance.random(random);
        StatusCode::NO_CONTENT
    };
    let clear = async move || {
        clearing.clear();
        StatusCode::NO_CONTENT
    };
    Router::new().route("/control/faults", post(add).put(set).delete(clear))
}

/// An address on loopback with a free port.
pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn accept(listener: TcpListener, gate: Gate) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, gate.clone()));
        } else {
            // Out of file handles, as a rule: some of the connections will end.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn serve(stream: TcpStream, gate: Gate) {
    let service = service_fn(move |request| gate.clone().pass(request));
    // An error here is a client that went away, or a cut we made ourselves.
    let _ended = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Between the connection and the router: faults happen here.
#[derive(Clone)]
struct Gate {
    router: Router,
    faults: Faults,
    traffic: Traffic,
}

impl Gate {
    async fn pass(self, request: Request<Incoming>) -> Result<Response, Cut> {
        let path = request
            .uri()
            .path_and_query()
            .map_or_else(|| "/".to_owned(), ToString::to_string);
        if path.starts_with("/control/") {
            return Ok(self.route(request).await);
        }
        let method = request.method().to_string();
        let fault = self.faults.next(&method, &path);
        let answer = self.apply(fault, request).await;
        self.traffic.record(Exchange {
            method,
            path,
            status: answer
                .as_ref()
                .ok()
                .map(|response| response.status().as_u16()),
        });
        answer
    }

    async fn apply(
        &self,
        fault: Option<FaultKind>,
        request: Request<Incoming>,
    ) -> Result<Response, Cut> {
        match fault {
            None => Ok(self.route(request).await),
            Some(FaultKind::Status(status)) => {
                drain(request).await;
                Ok(plain(status))
            }
            Some(FaultKind::Retry429 { retry_after }) => {
                drain(request).await;
                Ok(too_many(retry_after))
            }
            Some(FaultKind::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(self.route(request).await)
            }
            Some(FaultKind::Held) => {
                self.faults.let_go().await;
                Ok(self.route(request).await)
            }
            Some(FaultKind::CutBefore) => {
                drain(request).await;
                Err(Cut)
            }
            Some(FaultKind::CutAfter) => {
                let _unanswered = self.route(request).await;
                Err(Cut)
            }
            Some(FaultKind::ErrorAfter(status)) => {
                let _unanswered = self.route(request).await;
                Ok(plain(status))
            }
        }
    }

    async fn route(&self, request: Request<Incoming>) -> Response {
        let answer: Result<Response, Infallible> =
            self.router.clone().oneshot(request.map(Body::new)).await;
        match answer {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Reads the request to its end, so that the client has sent it all before it meets the fault.
async fn drain(request: Request<Incoming>) {
    let _ignored = axum::body::to_bytes(Body::new(request.into_body()), MAX_BODY_BYTES).await;
}

fn plain(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, "simulated failure").into_response()
}

fn too_many(retry_after: Option<u64>) -> Response {
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS.as_u16());
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
