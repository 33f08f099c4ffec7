//! Requests that clients have made, kept to be made again before a colour is sent its first user.
//!
//! Only what is safe and has no body is kept, without what identifies its client, a bounded number of them, and in memory
//! alone. Recording waits for nothing: a request that finds the ring in use is not recorded.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use http::{
    HeaderName, Method,
    header::{AUTHORIZATION, COOKIE, FORWARDED, PROXY_AUTHORIZATION},
};
use parking_lot::Mutex;

use crate::{
    observe::shards::Sharded,
    wire::{Body, RequestHead},
};

/// The last requests that differ.
#[derive(Debug)]
pub struct Recorder {
    ring: Mutex<Ring>,
    /// Requests seen, by worker.
    seen: Sharded<AtomicU32>,
}

#[derive(Debug, Default)]
struct Ring {
    heads: Vec<RequestHead>,
    next: usize,
}

impl Recorder {
    /// Empty.
    pub fn new(workers: usize) -> Self {
        Self { ring: Mutex::default(), seen: Sharded::new(workers) }
    }

    /// Takes note of a request as the upstream sees it: of each worker's first `RING`, then of one in `ONE_IN`.
    pub fn offer(&self, worker: usize, head: &RequestHead, body: &Body) {
        let seen = self.seen.at(worker).fetch_add(1, Relaxed);
        if (seen < RING as u32 || seen.is_multiple_of(ONE_IN))
            && is_fit(head, body)
            && let Some(mut ring) = self.ring.try_lock()
        {
            ring.add(head);
        }
    }

    /// What is recorded.
    pub fn requests(&self) -> Vec<RequestHead> {
        self.ring.lock().heads.clone()
    }
}

impl Ring {
    fn add(&mut self, head: &RequestHead) {
        let same = |known: &RequestHead| {
            known.target == head.target
                && known.method == head.method
                && known.authority == head.authority
        };
        if self.heads.iter().any(same) {
            return;
        }
        let mut head = head.clone();
        for name in &PERSONAL {
            head.headers.remove(name);
        }
        if self.heads.len() < RING {
            self.heads.push(head);
        } else {
            self.heads[self.next] = head;
            self.next = (self.next + 1) % RING;
        }
    }
}

fn is_fit(head: &RequestHead, body: &Body) -> bool {
    let safe = matches!(head.method, Method::GET | Method::HEAD);
    let fields = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    let bytes = head.target.raw().len() + fields.sum::<usize>();
    safe && body.is_empty() && head.upgrade.is_none() && bytes <= HEAD_BYTES_MAX
}

/// What identifies a client and is not repeated.
static PERSONAL: [HeaderName; 7] = [
    AUTHORIZATION,
    COOKIE,
    PROXY_AUTHORIZATION,
    FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-request-id"),
];
/// Requests that are kept.
const RING: usize = 64;
/// Of how many requests one is looked at once a worker has seen enough.
const ONE_IN: u32 = 64;
/// Bytes of a head that is kept.
const HEAD_BYTES_MAX: usize = 4 << 10;

#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Version};

    use super::*;
    use crate::wire::Target;

    pub(in super::super) fn head(method: &Method, target: &str) -> RequestHead {
        RequestHead {
            method: method.clone(),
            target: Target::new(Bytes::from(target.to_owned())),
            authority: "a.test".into(),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            upgrade: None,
            written: None,
        }
    }

    #[test]
    fn distinct_safe_requests_are_kept_and_no_more_than_the_ring_holds() {
        let recorder = Recorder::new(1);
        for n in 0..20_000 {
            recorder.offer(0, &head(&Method::GET, &format!("/{}", n / 2)), &Body::Empty);
        }
        let targets: std::collections::BTreeSet<_> =
            recorder.requests().iter().map(|head| head.target.raw().clone()).collect();
        assert_eq!((targets.len(), recorder.requests().len()), (RING, RING));
        assert!(targets.iter().all(|target| target.as_ref() != b"/0"), "the oldest went");
    }

    #[test]
    fn what_writes_has_a_body_or_is_long_is_not_kept() {
        let recorder = Recorder::new(1);
        recorder.offer(0, &head(&Method::POST, "/"), &Body::Empty);
        recorder.offer(0, &head(&Method::GET, "/"), &Body::from(Bytes::from_static(b"x")));
        recorder.offer(0, &head(&Method::GET, &format!("/{}", "x".repeat(5_000))), &Body::Empty);
        assert_eq!(recorder.requests().len(), 0);
    }

    #[test]
    fn credentials_are_not_kept() {
        let recorder = Recorder::new(1);
        let mut request = head(&Method::GET, "/");
        request.headers.insert(COOKIE, HeaderValue::from_static("session=1"));
        request.headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic eA=="));
        request.headers.insert("x-forwarded-for", HeaderValue::from_static("192.0.2.1"));
        request.headers.insert("x-kept", HeaderValue::from_static("1"));
        recorder.offer(0, &request, &Body::Empty);
        let kept = &recorder.requests()[0].headers;
        assert_eq!(kept.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-kept"]);
    }
}
