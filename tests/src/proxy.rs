//! The real `foxtrot` process: started with a configuration, asked through its admin server, stopped with signals.

use std::{
    collections::{BTreeMap, VecDeque},
    env,
    fmt::Display,
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::{
    certs::replace,
    client::{Client, Reply},
    config::{Config, Url},
    metrics::Metrics,
    wait::{DEADLINE, eventually, within},
};

/// A running proxy. It is killed when this is dropped; when the test fails, the end of its log is shown.
pub struct Proxy {
    child: Child,
    dir: TempDir,
    admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
    stdout: mpsc::UnboundedReceiver<String>,
    stderr: Arc<Mutex<VecDeque<String>>>,
}

/// What a command that ended left behind.
#[derive(Debug)]
pub struct Exit {
    /// Exit code.
    pub code: Option<i32>,
    /// Standard output and standard error.
    pub output: String,
}

impl Proxy {
    /// A proxy with one listener `http` in front of one origin.
    pub async fn to(origin: &impl Url) -> Self {
        Self::with(Config::to(origin)).await
    }

    /// A proxy with this configuration. Where it has no `[admin]`, `[log]` or `workers`, tests' own are added.
    pub async fn with(toml: impl Display) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_config(dir.path(), &toml);
        Self::in_folder(dir, "foxtrot.toml").await
    }

    /// A proxy whose configuration is `file` in a folder that the test has filled: what it reads is used as it is.
    pub async fn in_folder(dir: TempDir, file: &str) -> Self {
        let mut child = command("foxtrot", &["run", "--config"])
            .arg(dir.path().join(file))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("foxtrot starts");
        let (lines, mut stdout) = mpsc::unbounded_channel();
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        follow(child.stdout.take().unwrap(), move |line| drop(lines.send(line)));
        follow(child.stderr.take().unwrap(), keep_tail(stderr.clone()));
        let ready = within("foxtrot's ready line", stdout.recv()).await;
        let (admin, listeners) = ready.as_deref().and_then(parse_ready).unwrap_or_else(|| {
            let log = tail(&stderr);
            let _ = child.kill();
            panic!("foxtrot did not print its ready line but {ready:?}; its log:\n{log}")
        });
        Self { child, dir, admin, listeners, stdout, stderr }
    }

    /// Address of a listener.
    pub fn addr(&self, listener: &str) -> SocketAddr {
        *self.listeners.get(listener).unwrap_or_else(|| {
            panic!("no listener {listener} in the ready line: {:?}", self.listeners)
        })
    }

    /// Address of the listener `http`.
    pub fn http(&self) -> SocketAddr {
        self.addr("http")
    }

    /// Address of a listener as `/status` has it now: for listeners that a reload added.
    pub async fn addr_now(&self, listener: &str) -> Option<SocketAddr> {
        let status = self.status().await;
        status["listeners"][listener]["address"].as_str().and_then(|text| text.parse().ok())
    }

    /// A keep-alive HTTP/1.1 client of the listener `http`.
    pub async fn client(&self) -> Client {
        Client::h1(self.http()).await
    }

    /// A prior-knowledge HTTP/2 client of the listener `http`.
    pub async fn h2c(&self) -> Client {
        Client::h2c(self.http()).await
    }

    /// Address of the admin server.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin
    }

    /// Asks the admin server.
    pub async fn admin(&self, method: &str, path: &str) -> Reply {
        let mut client = Client::h1(self.admin).await;
        client.host = self.admin.to_string();
        client.request(method, path).send().await
    }

    /// `GET` of an admin path that answers with 200 and JSON.
    pub async fn admin_get(&self, path: &str) -> Value {
        let reply = self.admin("GET", path).await;
        assert_eq!(reply.status, 200, "GET {path}: {}", reply.text());
        reply.json()
    }

    /// `GET /status`.
    pub async fn status(&self) -> Value {
        self.admin_get("/status").await
    }

    /// The generation of the configuration in force.
    pub async fn generation(&self) -> u64 {
        self.status().await["generation"].as_u64().expect("status has a generation")
    }

    /// A scrape.
    pub async fn metrics(&self) -> Metrics {
        let reply = self.admin("GET", "/metrics").await;
        assert_eq!(reply.status, 200, "GET /metrics: {}", reply.text());
        Metrics::parse(&reply.text())
    }

    /// The sum of all samples of one metric with these labels.
    pub async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.metrics().await.value(name, labels)
    }

    /// Waits until a metric has at least this value.
    pub async fn metric_reaches(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        let what = format!("{name}{labels:?} reaches {value}");
        eventually(&what, async || self.metric(name, labels).await >= value).await;
    }

    /// The configuration file.
    pub fn config_path(&self) -> PathBuf {
        self.dir.path().join("foxtrot.toml")
    }

    /// The folder of the configuration file.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// Replaces the configuration file by a rename, and tells nobody.
    pub fn write_config(&self, toml: impl Display) {
        write_config(self.dir.path(), &toml);
    }

    /// Replaces the configuration file and asks for a reload.
    pub async fn reload(&self, toml: impl Display) -> Reply {
        self.write_config(toml);
        self.admin("POST", "/reload").await
    }

    /// A reload that must succeed.
    pub async fn reload_ok(&self, toml: impl Display) {
        let reply = self.reload(toml).await;
        assert_eq!(reply.status, 200, "reload: {}", reply.text());
    }

    /// Waits for a generation other than `before`.
    pub async fn generation_after(&self, before: u64) {
        eventually("a new generation", async || self.generation().await != before).await;
    }

    /// Resident memory in bytes.
    pub fn rss_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most resident memory that there has been, in bytes.
    pub fn peak_rss_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// Open file descriptors.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Lets it have so many file descriptors at most.
    pub fn limit_descriptors(&self, most: usize) {
        let (pid, most) = (self.child.id().to_string(), format!("--nofile={most}:"));
        let status = Command::new("prlimit").args(["--pid", &pid, &most]).status().unwrap();
        assert!(status.success(), "prlimit --pid {pid} {most}: {status}");
    }

    fn memory(&self, line: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Sends a signal by its name: `"TERM"`, `"HUP"`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(status.success(), "kill -s {name} {pid}: {status}");
    }

    /// Waits for the process to end.
    pub async fn wait_exit(&mut self) -> ExitStatus {
        let mut ended = None;
        eventually("the end of the process", async || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.unwrap()
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The next line on standard output: an access log line where its path is `"-"`.
    pub async fn stdout_line(&mut self) -> String {
        within("a line on standard output", self.stdout.recv()).await.expect("standard output open")
    }

    /// The next access log line as JSON.
    pub async fn access_line(&mut self) -> Value {
        let line = self.stdout_line().await;
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }

    /// The end of the process log.
    pub fn log(&self) -> String {
        tail(&self.stderr)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let ended = self.child.try_wait().ok().flatten();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let state = ended.map_or_else(|| "was running".into(), |code| format!("ended: {code}"));
            eprintln!("--- foxtrot ({state}), end of its log ---\n{}\n---", self.log());
        }
    }
}

/// Runs `foxtrot check --config FILE` on this text, as it is.
pub fn check(toml: impl Display) -> Exit {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("foxtrot.toml");
    fs::write(&path, toml.to_string()).unwrap();
    run(&["check", "--config", path.to_str().unwrap()])
}

/// Runs `foxtrot` with these arguments to its end.
pub fn run(arguments: &[&str]) -> Exit {
    run_binary("foxtrot", arguments, &[])
}

/// Runs a binary of the workspace with these arguments and environment variables to its end.
pub fn run_binary(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Exit {
    let output = tempfile::NamedTempFile::new().unwrap();
    let clone = || output.as_file().try_clone().unwrap();
    let (stdout, stderr) = (clone(), clone());
    let mut command = command(name, arguments);
    command.envs(environment.iter().copied());
    let mut child = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn().unwrap();
    let begun = Instant::now();
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if begun.elapsed() < DEADLINE => thread::sleep(Duration::from_millis(5)),
            None => {
                let _ = child.kill();
                panic!("{name} {arguments:?} did not end within {DEADLINE:?}");
            }
        }
    };
    Exit { code, output: fs::read_to_string(output.path()).unwrap() }
}

/// The text with the parts that every test process needs: free ports, few threads, a log that tells.
pub fn complete(toml: &str) -> String {
    let workers = if toml.contains("workers =") { "" } else { "workers = 2\n" };
    let admin = if toml.contains("[admin") { "" } else { "\n[admin]\nlisten = \"127.0.0.1:0\"\n" };
    let log = if toml.contains("[log]") { "" } else { "\n[log]\nlevel = \"debug\"\n" };
    format!("{workers}{toml}{admin}{log}")
}

fn write_config(dir: &Path, toml: &impl Display) {
    replace(&dir.join("foxtrot.toml"), complete(&toml.to_string()).as_bytes());
}

/// `FOXTROT_BIN`, or the binary beside this test executable: target/PROFILE/deps/cases-HASH -> target/PROFILE/foxtrot.
fn command(name: &str, arguments: &[&str]) -> Command {
    let executable = env::current_exe().unwrap();
    let beside = executable.parent().and_then(Path::parent).unwrap().join(name);
    let chosen = env::var_os("FOXTROT_BIN").filter(|_| name == "foxtrot");
    let path = chosen.map_or(beside, PathBuf::from);
    assert!(
        path.exists(),
        "no binary at {}: run `cargo build --workspace`, then `cargo test --workspace`",
        path.display()
    );
    let mut command = Command::new(path);
    command.args(arguments).env_remove("RUST_LOG");
    command
}

fn follow(pipe: impl Read + Send + 'static, mut take: impl FnMut(String) + Send + 'static) {
    thread::spawn(move || {
        let mut lines = BufReader::new(pipe).split(b'\n');
        while let Some(Ok(line)) = lines.next() {
            take(String::from_utf8_lossy(&line).into_owned());
        }
    });
}

fn keep_tail(log: Arc<Mutex<VecDeque<String>>>) -> impl FnMut(String) {
    const LINES: usize = 200;
    move |line| {
        let mut log = log.lock().unwrap();
        if log.len() == LINES {
            log.pop_front();
        }
        log.push_back(line);
    }
}

fn tail(log: &Mutex<VecDeque<String>>) -> String {
    log.lock().unwrap().iter().cloned().collect::<Vec<_>>().join("\n")
}

fn parse_ready(line: &str) -> Option<(SocketAddr, BTreeMap<String, SocketAddr>)> {
    let ready: Value = serde_json::from_str(line).ok()?;
    let listeners = ready["listeners"].as_object()?;
    let listeners: Option<_> = listeners
        .iter()
        .map(|(name, addr)| Some((name.clone(), addr.as_str()?.parse().ok()?)))
        .collect();
    (ready["ready"] == true).then_some((ready["admin"].as_str()?.parse().ok()?, listeners?))
}
