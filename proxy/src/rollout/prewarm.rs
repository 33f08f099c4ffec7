//! What a colour does before it is sent its first user: connections are opened from every worker, and recorded requests are
//! made until they are answered about as fast as the other colour answers its clients.
//!
//! Workers do it, because pools are theirs. What comes back is measured and dropped; it is none of the outcomes that the guard
//! judges by.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use futures_util::future::join_all;
use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt;
use parking_lot::Mutex;

use super::{
    Opinion,
    outcomes::{Counts, bucket},
};
use crate::{
    clock::{self, Instant},
    config::{self, Colour},
    observe::shards::Sharded,
    upstream::{self, Cluster, Request},
    wire::{Body, RequestHead},
};

/// The warming of a rollout's candidate.
#[derive(Debug)]
pub struct Prewarm {
    job: ArcSwapOption<Job>,
    jobs: AtomicU64,
    /// The last job that each worker has begun.
    begun: Sharded<AtomicU64>,
}

/// One warming.
#[derive(Debug)]
struct Job {
    number: u64,
    order: Order,
    workers: usize,
    /// Workers whose connections are open, or could not be.
    connected: AtomicU32,
    connections: AtomicU32,
    batch: Mutex<Batch>,
}

/// What to warm and how.
#[derive(Debug, Clone)]
pub struct Order {
    /// Name of the rollout, which warming requests carry.
    pub rollout: HeaderValue,
    /// The colour.
    pub candidate: Colour,
    /// Its cluster.
    pub cluster: Arc<Cluster>,
    /// The `prewarm` table.
    pub policy: config::Prewarm,
    /// Recorded requests.
    pub requests: Vec<RequestHead>,
    /// p95 of the other colour to its clients, where it has any.
    pub other_p95: Option<Duration>,
    /// When it began.
    pub began: Instant,
}

/// The requests of one measurement.
#[derive(Debug, Clone, Default)]
struct Batch {
    counts: Counts,
    /// Requests made in earlier batches.
    before: u64,
    /// p95 of the last batch that was full.
    p95: Option<Duration>,
    warm: bool,
}

impl Prewarm {
    /// None yet.
    pub fn new(workers: usize) -> Self {
        Self { job: ArcSwapOption::empty(), jobs: AtomicU64::new(0), begun: Sharded::new(workers) }
    }

    /// Begins. Workers take part from their next look on.
    pub fn begin(&self, order: Order) {
        let job = Job {
            number: self.jobs.fetch_add(1, Relaxed) + 1,
            order,
            workers: self.begun.len(),
            connected: AtomicU32::new(0),
            connections: AtomicU32::new(0),
            batch: Mutex::default(),
        };
        self.job.store(Some(Arc::new(job)));
    }

    /// Ends it, also before it is done.
    pub fn end(&self) {
        self.job.store(None);
    }

    /// A worker's part. Call it on the worker's own thread, about once a second.
    pub fn look(self: &Arc<Self>, worker: usize) {
        let Some(job) = self.job.load_full() else { return };
        if self.begun.at(worker).swap(job.number, Relaxed) != job.number {
            let prewarm = Arc::clone(self);
            tokio::spawn(async move { job.run(&prewarm, worker).await });
        }
    }

    /// Whether the candidate is warm. `None` where nothing was begun.
    pub fn opinion(&self, now: Instant) -> Option<Opinion> {
        Some(self.job.load().as_ref()?.opinion(now))
    }

    fn is_current(&self, job: &Job) -> bool {
        self.job.load().as_ref().is_some_and(|current| current.number == job.number)
    }
}

impl Job {
    async fn run(&self, prewarm: &Prewarm, worker: usize) {
        let share = (self.order.policy.connections as usize).div_ceil(self.workers);
        let deadline = self.order.began + self.order.policy.timeout.0;
        let opened = upstream::open_ahead(&self.order.cluster, worker, share);
        let opened = tokio::time::timeout_at(deadline, opened).await.unwrap_or(0);
        self.connections.fetch_add(u32::try_from(opened).unwrap_or(u32::MAX), Relaxed);
        self.connected.fetch_add(1, Relaxed);
        let goes_on =
            || prewarm.is_current(self) && !self.batch.lock().warm && clock::now() < deadline;
        // Workers begin at different requests, so that together they make all of them soon.
        let mut at = worker * self.order.requests.len() / self.workers;
        while !self.order.requests.is_empty() && goes_on() {
            let requests = self.order.requests.iter().cycle().skip(at).take(AT_ONCE);
            join_all(requests.map(|head| self.make(worker, head, deadline))).await;
            at = (at + AT_ONCE) % self.order.requests.len();
        }
    }

    async fn make(&self, worker: usize, head: &RequestHead, deadline: Instant) {
        let mut head = head.clone();
        head.headers.insert(MARK.clone(), self.order.rollout.clone());
        let began = clock::now();
        let request = Request { head, body: Body::Empty };
        let answer = upstream::forward_copy(&self.order.cluster, worker, None, request);
        let answer = tokio::time::timeout_at(deadline, answer).await;
        let took = clock::now().saturating_duration_since(began);
        match answer {
            Ok(Ok(response)) if !response.head.status.is_server_error() => {
                self.note(Some(took));
                // A connection is kept only if its answer is read to the end.
                let mut body = response.body;
                let read = async { while let Some(Ok(_)) = body.frame().await {} };
                // What is cut off here has been measured all the same.
                let _ = tokio::time::timeout_at(deadline, read).await;
            }
            _ => {
                self.note(None);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn note(&self, took: Option<Duration>) {
        let allowed = self.allowed();
        let mut batch = self.batch.lock();
        match took {
            Some(took) => batch.counts.answered[bucket(took)] += 1,
            None => batch.counts.failed += 1,
        }
        if batch.counts.requests() >= BATCH {
            batch.close(allowed);
        }
    }

    /// What p95 may be. A millisecond more is no difference that anybody could measure.
    fn allowed(&self) -> Option<Duration> {
        let other = self.order.other_p95?;
        let ratio = self.order.policy.until_p95_ratio;
        Some(other.mul_f64(ratio).max(other + Duration::from_millis(1)))
    }

    fn opinion(&self, now: Instant) -> Opinion {
        let colour = self.order.candidate;
        let (connected, connections) =
            (self.connected.load(Relaxed) as usize, self.connections.load(Relaxed));
        let batch = self.batch.lock().clone();
        let made = batch.before + batch.counts.requests();
        let measured = match (batch.p95, self.allowed()) {
            (Some(p95), Some(allowed)) => format!(", p95 {p95:.1?} of at most {allowed:.1?}"),
            _ => String::new(),
        };
        let so_far = format!("{colour} has {connections} connections, {made} requests{measured}");
        let nothing_to_make = self.order.requests.is_empty() && connected >= self.workers;
        if batch.warm || nothing_to_make && connections > 0 {
            return Opinion::Go;
        }
        if now >= self.order.began + self.order.policy.timeout.0 {
            let timeout = self.order.policy.timeout;
            return Opinion::Stop(format!("not warm within {timeout}: {so_far}"));
        }
        Opinion::Hold(format!("warming: {so_far}"))
    }
}

impl Batch {
    /// Ends a batch: warm if nearly all were answered, and fast enough where there is something to compare with.
    fn close(&mut self, allowed: Option<Duration>) {
        self.before += self.counts.requests();
        self.p95 = self.counts.quantile(0.95);
        let answered = u64::from(self.counts.failed) * 20 <= BATCH;
        let fast = allowed.is_none_or(|allowed| self.p95.is_some_and(|p95| p95 <= allowed));
        self.warm |= answered && fast;
        self.counts = Counts::default();
    }
}

/// Header field by which an origin can tell a warming request; its value is the rollout's name.
pub static MARK: HeaderName = HeaderName::from_static("x-foxtrot-prewarm");
/// Requests of a worker at once.
const AT_ONCE: usize = 4;
/// Requests of which p95 is taken.
const BATCH: u64 = 100;
/// How long a failure keeps from the next request.
const PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use http::Method;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::{super::recorder, *};
    use crate::observe::metrics::Metrics;

    /// An origin whose first answers are slow, and what it was asked.
    async fn cold(slow: usize) -> (Arc<Cluster>, Arc<AtomicUsize>, Arc<Mutex<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (connections, text) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(String::new())));
        let (count, asked) = (Arc::clone(&connections), Arc::clone(&text));
        let answers = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Relaxed);
                let (asked, answers) = (Arc::clone(&asked), Arc::clone(&answers));
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                        asked.lock().push_str(&String::from_utf8_lossy(&buffer[..read]));
                        if answers.fetch_add(1, Relaxed) < slow {
                            tokio::time::sleep(Duration::from_millis(30)).await;
                        }
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        if stream.write_all(answer).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        let config =
            config::Cluster { endpoints: vec![url.parse().unwrap()], ..Default::default() };
        let cluster = Cluster::compile("green", &config, None, &Metrics::new(1)).unwrap();
        (cluster, connections, text)
    }

    fn order(cluster: Arc<Cluster>, requests: &[&str], other_p95: Duration) -> Order {
        Order {
            rollout: HeaderValue::from_static("app"),
            candidate: Colour::Green,
            cluster,
            policy: config::Prewarm { connections: 8, ..Default::default() },
            requests: requests.iter().map(|t| recorder::tests::head(&Method::GET, t)).collect(),
            other_p95: Some(other_p95),
            began: clock::now(),
        }
    }

    async fn decided(prewarm: &Prewarm) -> Opinion {
        loop {
            match prewarm.opinion(clock::now()).unwrap() {
                Opinion::Hold(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                decided => return decided,
            }
        }
    }

    #[tokio::test]
    async fn requests_are_made_until_a_cold_colour_is_as_fast_as_the_other() {
        let (cluster, connections, asked) = cold(150).await;
        let prewarm = Arc::new(Prewarm::new(1));
        assert_eq!(prewarm.opinion(clock::now()), None);
        prewarm.begin(order(cluster, &["/a", "/b"], Duration::from_millis(20)));
        prewarm.look(0);
        assert!(matches!(prewarm.opinion(clock::now()), Some(Opinion::Hold(_))));
        assert_eq!(decided(&prewarm).await, Opinion::Go);
        assert_eq!(connections.load(Relaxed), 8, "those opened ahead are used");
        let asked = asked.lock();
        assert!(asked.contains("GET /a ") && asked.contains("GET /b "));
        assert!(asked.contains("x-foxtrot-prewarm: app"));
        assert!(asked.matches("GET ").count() > 200, "two batches were not enough");
    }

    #[tokio::test]
    async fn without_recorded_requests_connections_have_to_do() {
        let (cluster, connections, _) = cold(0).await;
        let prewarm = Arc::new(Prewarm::new(1));
        prewarm.begin(order(cluster, &[], Duration::from_millis(20)));
        prewarm.look(0);
        assert_eq!(decided(&prewarm).await, Opinion::Go);
        assert_eq!(connections.load(Relaxed), 8);
    }

    #[tokio::test]
    async fn a_colour_that_stays_slow_or_dead_stops_the_rollout() {
        let (slow, ..) = cold(usize::MAX).await;
        let nobody = config::Cluster {
            endpoints: vec!["http://127.0.0.1:1".parse().unwrap()],
            ..Default::default()
        };
        let dead = Cluster::compile("green", &nobody, None, &Metrics::new(1)).unwrap();
        for cluster in [slow, dead] {
            let prewarm = Arc::new(Prewarm::new(1));
            let mut order = order(cluster, &["/"], Duration::from_millis(1));
            order.policy.timeout = config::Duration(Duration::from_millis(300));
            prewarm.begin(order);
            prewarm.look(0);
            let decided = decided(&prewarm).await;
            assert!(
                matches!(&decided, Opinion::Stop(why) if why.contains("not warm")),
                "{decided:?}"
            );
        }
    }
}
