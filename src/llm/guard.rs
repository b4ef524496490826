//! Where calls may go: asked of an address that stands in the URL, and of every answer of DNS.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;

use super::Unusable;
use crate::config::model::Egress;
use crate::domain::advice::pace::Failure;
use crate::domain::reach::Bounds;

/// Time to reach the other side: DNS, TCP and TLS. What follows may take as long as a model thinks.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection is kept for the next question.
const IDLE_FOR: Duration = Duration::from_secs(50);

/// Lets calls through to admitted addresses only.
#[derive(Clone)]
pub struct Guard(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl Guard {
    /// A guard of these bounds.
    pub fn new(bounds: Bounds) -> Guard {
        Guard(Arc::new(move |address| bounds.admits(address)))
    }

    /// A client that goes nowhere else.
    pub fn client(&self) -> reqwest::Result<reqwest::Client> {
        reqwest::Client::builder()
            .user_agent(concat!("deskd/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(self.clone()))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE_FOR)
            .build()
    }

    /// Whether the host may be called as far as it stands there as an address; a name is asked about when it is looked up.
    pub fn admits_host(&self, url: &Url) -> bool {
        literal(url).is_none_or(|address| (self.0)(address))
    }

    /// Whether the name leads to addresses, and none of them may be called.
    pub async fn leads_outside(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        if literal(url).is_some() {
            return !self.admits_host(url);
        }
        let Ok(found) = tokio::net::lookup_host((host, 0)).await else { return false };
        let mut found = found.peekable();
        found.peek().is_some() && !found.any(|found| (self.0)(found.ip()))
    }
}

fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str().unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Why an address is refused.
pub fn outside(url: &Url, egress: Egress) -> Unusable {
    let word = match egress {
        Egress::Local => "local",
        Egress::Any => "any",
    };
    Unusable::Outside(url.host_str().unwrap_or_default().to_owned(), word)
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let admits = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|_| Nowhere(Failure::NoAddress))?;
            let admitted: Vec<SocketAddr> = found.filter(|found| admits(found.ip())).collect();
            match admitted.is_empty() {
                true => Err(Nowhere(Failure::NotAllowed).into()),
                false => Ok(Box::new(admitted.into_iter()) as Addrs),
            }
        })
    }
}

/// Why a name led to no address that may be called.
#[derive(Debug)]
pub struct Nowhere(pub Failure);

impl fmt::Display for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Nowhere {}

#[cfg(test)]
mod tests {
    use super::{Guard, Nowhere};
    use crate::domain::advice::pace::Failure;
    use reqwest::dns::Resolve;
    use std::sync::Arc;

    #[tokio::test]
    async fn each_answer_of_dns_is_asked_about() {
        let (nobody, anybody) = (Guard(Arc::new(|_| false)), Guard(Arc::new(|_| true)));
        let url = "http://localhost:1/v1".parse().expect("an address");
        assert!(nobody.leads_outside(&url).await && !anybody.leads_outside(&url).await);
        let why = |ended: Result<_, Box<dyn std::error::Error + Send + Sync>>| {
            ended.err().and_then(|problem| problem.downcast_ref::<Nowhere>().map(|Nowhere(why)| *why))
        };
        let name = || "localhost".parse().expect("a name");
        assert_eq!(why(nobody.resolve(name()).await.map(|_| ())), Some(Failure::NotAllowed));
        assert_eq!(why(anybody.resolve(name()).await.map(|_| ())), None);
        let nowhere = "nowhere.invalid".parse().expect("a name");
        assert_eq!(why(anybody.resolve(nowhere).await.map(|_| ())), Some(Failure::NoAddress));
        let unknown = "http://nowhere.invalid/".parse().expect("an address");
        assert!(!nobody.leads_outside(&unknown).await, "no answer is no reason not to start");
    }
}
