//! Signed webhooks: one call to one system of the user's. Where a call may go is decided for each connection, after the name
//! was looked up (`domain::reach`); redirects are not followed, and no proxy is asked, because it would look up for us.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;

use super::sign::{DELIVERY, SIGNATURE, signature};
use crate::config::Secret;
use crate::config::endpoint::Endpoint;
use crate::domain::carry::{Failed, Why, answered};
use crate::domain::reach::Reach;
use crate::domain::time::Timestamp;

/// How long a connection is kept for the next call: a burst of notices goes over one.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// The systems that can be called, by name. Clones share them.
#[derive(Clone, Default)]
pub struct Endpoints(Arc<BTreeMap<String, Callable>>);

struct Callable {
    client: reqwest::Client,
    url: reqwest::Url,
    reach: Reach,
    secret: Option<Secret>,
    timeout: Duration,
}

impl Endpoints {
    /// Those of the configuration. One whose address cannot be called is left out, as if it were not configured.
    pub fn new(endpoints: &[Endpoint], secrets: &BTreeMap<String, Secret>) -> reqwest::Result<Endpoints> {
        // Making a client reads all certificates of the system: one for each reach that is needed.
        let mut clients: BTreeMap<Reach, reqwest::Client> = BTreeMap::new();
        let mut callable = BTreeMap::new();
        for endpoint in endpoints {
            let Some((reach, url)) = endpoint.reach().zip(reqwest::Url::parse(&endpoint.url).ok()) else {
                continue;
            };
            let client = match clients.get(&reach) {
                Some(client) => client.clone(),
                None => clients.entry(reach).or_insert(client(reach)?).clone(),
            };
            let (secret, timeout) = (secrets.get(&endpoint.name).cloned(), endpoint.timeout);
            callable.insert(endpoint.name.clone(), Callable { client, url, reach, secret, timeout });
        }
        Ok(Endpoints(Arc::new(callable)))
    }

    /// Calls one with a body, signed where it has a secret. `delivery` is the same for each repetition.
    pub async fn call(&self, name: &str, delivery: &str, body: String, now: Timestamp) -> Result<(), Failed> {
        let endpoint = self.0.get(name).ok_or(Why::NotConfigured)?;
        endpoint.refuse_literal()?;
        let request = endpoint.client.post(endpoint.url.clone()).timeout(endpoint.timeout);
        let mut request = request.header(CONTENT_TYPE, "application/json").header(DELIVERY, delivery);
        if let Some(signed) = endpoint.secret.as_ref().and_then(|secret| signature(secret, &body, now)) {
            request = request.header(SIGNATURE, signed);
        }
        let answer = request.body(body).send().await.map_err(|problem| why(&problem))?;
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(seconds);
        answered(answer.status().as_u16(), retry_after)
    }
}

impl Callable {
    /// An address that stands in the URL itself is never looked up, so it is asked about here.
    fn refuse_literal(&self) -> Result<(), Why> {
        let host = self.url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        match literal.is_none_or(|address| self.reach.admits(address)) {
            true => Ok(()),
            false => Err(Why::NotAllowed),
        }
    }
}

fn client(reach: Reach) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(concat!("deskd/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Guarded(reach)))
        .pool_idle_timeout(IDLE_FOR)
        .build()
}

/// Looks names up and hands out only the addresses that may be called.
struct Guarded(Reach);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found =
                tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| Nowhere(Why::NoAddress))?;
            let allowed: Vec<SocketAddr> = found.filter(|found| reach.admits(found.ip())).collect();
            match allowed.is_empty() {
                true => Err(Nowhere(Why::NotAllowed).into()),
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// Why a name led to no address that may be called.
#[derive(Debug)]
struct Nowhere(Why);

impl fmt::Display for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Nowhere {}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    Some(Duration::from_secs(value.to_str().ok()?.trim().parse().ok()?))
}

fn why(problem: &reqwest::Error) -> Why {
    match causes(problem).find_map(|cause| cause.downcast_ref::<Nowhere>()) {
        Some(Nowhere(why)) => *why,
        None if is_about_tls(problem) => Why::NoTls,
        None if problem.is_timeout() => Why::Timeout,
        None => Why::Unreachable,
    }
}

/// Whether an error of TLS is among the causes.
pub(super) fn is_about_tls(problem: &(dyn Error + 'static)) -> bool {
    causes(problem).any(|cause| cause.is::<rustls::Error>())
}

/// The error and its causes. One that an error of I/O holds is not among those that it tells of by itself.
fn causes<'a>(problem: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(problem), |&cause| {
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => cause.source(),
        }
    })
}
