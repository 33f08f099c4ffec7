//! The process: brings the parts up in order, waits for the signal to end, and takes them down in order.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use futures_util::FutureExt as _;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
    task::JoinHandle,
};
use tracing::info;

use crate::{
    admin,
    clock::{self, Instant},
    snapshot::{control::Control, watch::Cause},
};

/// A running process.
pub struct Server {
    control: Arc<Control>,
    life: Arc<Life>,
    admin: SocketAddr,
    signals: Signals,
    admin_task: JoinHandle<()>,
}

/// The signals that end the process. Taken before anybody is told that it serves: a signal that comes then must drain it.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// Where the process is in its life.
#[derive(Debug)]
pub struct Life {
    /// When it started.
    pub started: Instant,
    /// When it started, on the wall clock.
    pub started_at: std::time::Duration,
    ending: AtomicBool,
    ended: Notify,
}

impl Life {
    /// Whether the process is ending, and wants no more traffic.
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Waits until all traffic has ended. Until then the admin server answers, for somebody may want to watch.
    async fn ended(&self) {
        self.ended.notified().await;
    }
}

impl Server {
    /// Loads the configuration and starts to serve it. To be called on the control thread's runtime.
    ///
    /// # Errors
    /// What is wrong with the configuration, or what this machine does not allow.
    pub async fn start(path: PathBuf) -> anyhow::Result<Self> {
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        };
        let hangup = signal(SignalKind::hangup())?;
        let control = Control::start(path).await?;
        let config = &control.snapshot().config;
        let life = Arc::new(Life {
            started: clock::now(),
            started_at: clock::since_epoch(),
            ending: AtomicBool::new(false),
            ended: Notify::new(),
        });
        let listener = TcpListener::bind(config.admin.listen).await.with_context(|| {
            format!("cannot listen on {} for the admin server", config.admin.listen)
        })?;
        let admin = listener.local_addr()?;
        let operations = Arc::new(admin::live::Live::new(Arc::clone(&control), Arc::clone(&life)));
        let shutdown = {
            let life = Arc::clone(&life);
            async move { life.ended().await }
        };
        let admin_task =
            tokio::spawn(admin::serve(listener, operations, control.token(), shutdown));
        tokio::spawn(run_control(Arc::clone(&control), hangup));
        Ok(Self { control, life, admin, signals, admin_task })
    }

    /// Address of the admin server.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Addresses of the listeners, by name.
    pub fn listeners(&self) -> BTreeMap<String, SocketAddr> {
        let snapshot = self.control.snapshot();
        let listeners = snapshot.listeners.iter();
        listeners
            .map(|listener| (listener.state.name.to_string(), listener.state.address))
            .collect()
    }

    /// Writes one line of JSON that says where the process can be reached, for whoever started it with port 0.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn announce(&self) -> std::io::Result<()> {
        let line = serde_json::json!({
            "ready": true,
            "admin": self.admin.to_string(),
            "listeners": self.listeners().into_iter().map(|(name, address)| (name, address.to_string())).collect::<BTreeMap<_, _>>(),
        });
        writeln!(std::io::stdout().lock(), "{line}")
    }

    /// Serves until SIGTERM or SIGINT, then ends in order: readiness off, a pause for load balancers to notice, exchanges
    /// in hand to their end or to the deadline.
    pub async fn run(self) {
        let Signals { mut terminate, mut interrupt } = self.signals;
        tokio::select! {
            _ = terminate.recv() => info!("SIGTERM, draining"),
            _ = interrupt.recv() => info!("SIGINT, draining"),
        }
        self.life.ending.store(true, Ordering::Relaxed);
        let delay = self.control.snapshot().config.drain.delay.0;
        tokio::select! {
            () = async {
                tokio::time::sleep_until(clock::now() + delay).await;
                self.control.stop().await;
            } => {}
            // Whoever asks twice means it.
            _ = interrupt.recv() => info!("second SIGINT, ending at once"),
        }
        self.life.ended.notify_one();
        // It gives its calls two seconds. One that panicked has said so.
        let _ = self.admin_task.await;
        info!("ended");
    }
}

/// `hangup` is taken before anybody is told that the process serves: a signal that comes before the configuration is watched
/// asks for a load, and does not end the process.
async fn run_control(control: Arc<Control>, mut hangup: Signal) {
    if hangup.recv().now_or_never().is_some() {
        control.reload(Cause::Signal).await;
    }
    if let Err(error) = control.run().await {
        tracing::error!(%error, "configuration is no longer watched");
    }
}
