//! Sends requests: reads may be repeated, effects never are.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sando_core::ports::{RemoteError, Watch};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};
use url::Url;

use super::{
    Answer, Mask, Origin, Request,
    error::{classify, forbidden, timed_out, too_late, unpackable, unreadable},
    incoming::{Bad, Incoming},
    resolver::GuardedResolver,
    target,
    watched::{came_back, going_out},
};

/// The most redirects that a read follows.
const MOST_REDIRECTS: usize = 5;

/// What the client may do.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Loopback, and plain http to it: for one machine and for tests.
    pub allow_loopback: bool,
    /// The limit for name, connection and TLS.
    pub connect_timeout: Duration,
    /// The largest answer after decompression; a request can lower it.
    pub limit_bytes: usize,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            allow_loopback: false,
            connect_timeout: Duration::from_secs(5),
            limit_bytes: 64 * 1024 * 1024,
        }
    }
}

/// The guarded client. Clones share their connections.
#[derive(Clone, Debug)]
pub struct GuardedClient {
    guard: Guard,
    reads: reqwest::Client,
    /// Effects never go over a connection that waited in the pool: a server that closes it just then would leave an
    /// effect of which nobody knows. Made by the first effect: loading root certificates takes as long as ten pages.
    effects: Arc<OnceCell<reqwest::Client>>,
    /// Writes down every request.
    watch: Option<Arc<Watch>>,
}

impl GuardedClient {
    /// Makes a client.
    ///
    /// # Errors
    /// `Forbidden` if TLS cannot be set up (no root certificates).
    pub fn new(guard: Guard) -> Result<Self, RemoteError> {
        Ok(Self {
            reads: build(&guard, 8)?,
            effects: Arc::default(),
            guard,
            watch: None,
        })
    }

    /// The same, which writes down its requests as token requests.
    #[must_use]
    pub fn watched(mut self, watch: Option<Arc<Watch>>) -> Self {
        self.watch = watch;
        self
    }

    /// Sends a request that changes nothing; repeats it as [`Request::retry`] says, and follows redirects on its origin.
    /// Any status may come back: see [`Answer::checked`].
    ///
    /// # Errors
    /// After the last attempt.
    pub async fn read(&self, request: &Request) -> Result<Answer, RemoteError> {
        let retry = request.retry;
        let mut until = Instant::now() + retry.total;
        if let Some(earlier) = request.until {
            until = until.min(earlier);
        }
        let mut failed = 0;
        loop {
            let result = self.follow(request, until).await;
            let named = match &result {
                Ok(answer) if !is_passing(answer.status) => return result,
                Ok(answer) => answer.retry_after(),
                Err(RemoteError::NoAnswer { .. }) => None,
                Err(_) => return result,
            };
            failed += 1;
            let wait = retry.wait(failed, named);
            if failed >= retry.attempts || Instant::now() + wait >= until {
                return result;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends an effect, once, whatever happens. Any status may come back.
    ///
    /// # Errors
    /// `NoAnswer` with `Sent::Never` or `Forbidden` only if surely nothing was sent.
    pub async fn send_once(&self, request: &Request) -> Result<Answer, RemoteError> {
        let until = Instant::now() + request.timeout;
        let until = request.until.map_or(until, |earlier| until.min(earlier));
        let effects = self.effects.get_or_try_init(async || build(&self.guard, 0));
        self.attempt(effects.await?, request, request.url.clone(), until)
            .await
    }

    async fn follow(&self, request: &Request, until: Instant) -> Result<Answer, RemoteError> {
        let mut url = request.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let ends = until.min(Instant::now() + request.timeout);
            let answer = self
                .attempt(&self.reads, request, url.clone(), ends)
                .await?;
            match redirect(request, &answer, &url)? {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
        Err(unreadable(&request.remote, "it redirects in circles"))
    }

    async fn attempt(
        &self,
        client: &reqwest::Client,
        request: &Request,
        mut url: Url,
        until: Instant,
    ) -> Result<Answer, RemoteError> {
        let remote = &request.remote;
        target::check(&url, self.guard.allow_loopback)
            .map_err(|why| request.not_sent(forbidden(remote, why)))?;
        if let Some(gate) = &request.gate
            && tokio::time::timeout_at(until, gate.pass()).await.is_err()
        {
            return Err(request.not_sent(too_late(remote)));
        }
        let mut headers = request.headers.clone();
        let mut mask = request.mask.clone();
        if let Some(credentials) = &request.credentials {
            mask = mask.and(credentials.mask());
            if credentials.belong_to(&url) {
                credentials.add_query(&mut url);
                headers.extend(credentials.headers().iter().cloned());
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(request.not_sent(too_late(remote)));
        }
        let watched = self.watch.as_ref().map(|watch| {
            let body = request.body.as_deref();
            (
                watch,
                going_out(&request.method, &url, &headers, body, &mask),
            )
        });
        let began = Instant::now();
        let mut building = client.request(request.method.clone(), url).headers(headers);
        if let Some(body) = &request.body {
            building = building.body(body.clone());
        }
        let limit = request
            .limit
            .unwrap_or(usize::MAX)
            .min(self.guard.limit_bytes);
        let result = timeout(left, exchange(building, remote, mask, limit))
            .await
            .unwrap_or_else(|_| Err(timed_out(remote, left)));
        request.ended(&result, began.elapsed());
        if let Some((watch, exchange)) = watched {
            watch.token(came_back(exchange, &result, began.elapsed()));
        }
        result
    }
}

async fn exchange(
    building: reqwest::RequestBuilder,
    remote: &str,
    mask: Mask,
    limit: usize,
) -> Result<Answer, RemoteError> {
    let mut response = building
        .send()
        .await
        .map_err(|error| classify(remote, &error))?;
    let too_large = || unreadable(remote, format!("it is larger than {limit} bytes"));
    let declared = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let refused = |why: Bad| match why {
        Bad::TooLarge => too_large(),
        Bad::Broken => unpackable(remote),
    };
    let status = response.status();
    let mut headers = response.headers().clone();
    let mut body = Incoming::of(&mut headers, limit);
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| classify(remote, &error))?
    {
        body.take(&chunk).map_err(refused)?;
    }
    Ok(Answer {
        remote: remote.to_owned(),
        status,
        headers,
        body: body.finish().map_err(refused)?,
        mask,
    })
}

/// Where a read goes on, if the answer is a redirect on the origin of its URL.
fn redirect(request: &Request, answer: &Answer, url: &Url) -> Result<Option<Url>, RemoteError> {
    let redirects = matches!(
        answer.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    // Only these two say that a POST is to be sent again as it is.
    let is_kept = matches!(
        answer.status,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    );
    if !redirects || !(is_kept || matches!(request.method, Method::GET | Method::HEAD)) {
        return Ok(None);
    }
    let remote = &request.remote;
    let next = answer
        .header(header::LOCATION.as_str())
        .and_then(|location| url.join(location).ok())
        .ok_or_else(|| unreadable(remote, "it redirects to nowhere"))?;
    let (from, to) = (Origin::of(url), Origin::of(&next));
    if from == to {
        Ok(Some(next))
    } else {
        Err(forbidden(
            remote,
            format!(
                "{from} redirects to {to}, which is not followed: configure that address itself"
            ),
        ))
    }
}

/// Worth another attempt of a read.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429)
        || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

#[expect(clippy::disallowed_methods, reason = "this is the guarded client")]
fn build(guard: &Guard, idle_connections: usize) -> Result<reqwest::Client, RemoteError> {
    let accept = HeaderValue::from_static("gzip, br, deflate");
    reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(header::ACCEPT_ENCODING, accept)]))
        // It reads the first member only: `incoming` reads all.
        .no_gzip()
        .dns_resolver(GuardedResolver {
            allow_loopback: guard.allow_loopback,
        })
        .no_proxy()
        .referer(false)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(guard.connect_timeout)
        .pool_max_idle_per_host(idle_connections)
        .pool_idle_timeout(Duration::from_secs(20))
        .user_agent(concat!("sando/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| forbidden("http", "TLS cannot be set up: are there root certificates?"))
}
