//! One HTTP call: a body out, a body of a sensible size in.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};

use super::Failed;
use super::guard::Nowhere;
use crate::domain::advice::pace::Failure;

/// The largest answer that is read, in bytes: a hundred times what a thousand tokens need.
const LARGEST_ANSWER: usize = 512 << 10;

/// Sends a JSON body and returns the body of an answer with status 200.
pub fn send(
    request: reqwest::RequestBuilder,
    body: String,
) -> impl Future<Output = Result<Vec<u8>, Failed>> + Send {
    let request = request.header(CONTENT_TYPE, "application/json").body(body);
    async move {
        let mut response = request.send().await.map_err(|problem| Failed::from(why(&problem)))?;
        let status = response.status().as_u16();
        if status != 200 {
            // What stands in the body of an error may quote the question: it is not read.
            let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
            return Err(Failed { why: Failure::Http(status), retry_after });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|problem| Failed::from(cut(&problem)))? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                return Err(Failure::TooLarge.into());
            }
        }
        Ok(body)
    }
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    let seconds: f64 = value.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn why(problem: &reqwest::Error) -> Failure {
    let mut causes = causes(problem);
    match causes.find_map(|cause| cause.downcast_ref::<Nowhere>()) {
        Some(Nowhere(why)) => *why,
        None if self::causes(problem).any(|cause| cause.is::<rustls::Error>()) => Failure::NoTls,
        None if problem.is_timeout() => Failure::Timeout,
        None if problem.is_connect() => Failure::Unreachable,
        None => Failure::Cut,
    }
}

fn cut(problem: &reqwest::Error) -> Failure {
    if problem.is_timeout() { Failure::Timeout } else { Failure::Cut }
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
