//! The proxies that are measured: started with a configuration of the bench's own, one process with and one without an
//! access log, and killed when it is over.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    affinity::on_first_core,
    scenario::{HOST, Protocol, Scenario},
};

/// A proxy to be measured.
pub struct Contender {
    /// Name in the table.
    pub name: String,
    plain: Process,
    logged: Process,
}

/// A running process.
pub struct Process {
    child: Child,
    http1: SocketAddr,
    http2: SocketAddr,
    tls: SocketAddr,
    _home: TempDir,
}

/// A certificate for [`HOST`] and its key, as files.
pub struct Certificate {
    /// PEM of the certificate.
    pub cert: PathBuf,
}

const CERT: &str = "cert.pem";
const KEY: &str = "key.pem";

impl Certificate {
    /// Makes one in `dir`.
    pub fn make(dir: &Path) -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()])?;
        fs::write(dir.join(CERT), made.cert.pem())?;
        fs::write(dir.join(KEY), made.signing_key.serialize_pem())?;
        Ok(Self { cert: dir.join(CERT) })
    }
}

impl Contender {
    /// The `foxtrot` at `program`.
    pub fn foxtrot(
        name: &str,
        program: &str,
        dir: &Path,
        origin: SocketAddr,
    ) -> anyhow::Result<Self> {
        // foxtrot watches the folders of its configuration and certificates: its log must not be in one of them.
        let log = log_file(dir, "foxtrot")?;
        let logged = format!("[log.access]\npath = {log:?}");
        let plain = start_foxtrot(program, &foxtrot_config(origin, dir, ""))?;
        let logged = start_foxtrot(program, &foxtrot_config(origin, dir, &logged))?;
        Ok(Self { name: name.to_owned(), plain, logged })
    }

    /// nginx, if it is installed.
    pub fn nginx(dir: &Path, origin: SocketAddr) -> anyhow::Result<Option<Self>> {
        let version = Command::new("nginx").arg("-v").stderr(Stdio::null()).status();
        if version.is_err() {
            return Ok(None);
        }
        let log = log_file(dir, "nginx")?;
        let log = format!("{} combined buffer=64k flush=1s", log.display());
        let plain = start_nginx(dir, origin, "off")?;
        let logged = start_nginx(dir, origin, &log)?;
        Ok(Some(Self { name: "nginx".to_owned(), plain, logged }))
    }

    /// The process that serves a scenario.
    pub fn process(&self, scenario: &Scenario) -> &Process {
        if scenario.logged { &self.logged } else { &self.plain }
    }
}

impl Process {
    /// A `foxtrot` that says on its standard output where it listens.
    fn announced(mut child: Child, home: TempDir) -> anyhow::Result<Self> {
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("foxtrot is not ready")?;
        let address = |name: &str| -> anyhow::Result<SocketAddr> {
            Ok(ready["listeners"][name].as_str().context("no such listener")?.parse()?)
        };
        let (http, tls) = (address("http")?, address("https")?);
        Ok(Self { child, http1: http, http2: http, tls, _home: home })
    }

    /// Where it takes requests.
    pub fn address(&self, protocol: Protocol) -> SocketAddr {
        match protocol {
            Protocol::Http1 => self.http1,
            Protocol::Http2 => self.http2,
            Protocol::Http1Tls => self.tls,
        }
    }

    /// CPU time that it and its children have used so far, in ticks: user and system, all threads.
    pub fn cpu_ticks(&self) -> anyhow::Result<u64> {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children"));
        let children = children.unwrap_or_default();
        let ids = children.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>()?;
        ids.into_iter().chain([own]).map(cpu_ticks_of).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Asked, because a killed nginx would leave its worker behind.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.child.wait();
    }
}

/// proc_pid_stat(5): utime and stime are fields 14 and 15; the second field is a name in parentheses that may hold anything.
fn cpu_ticks_of(id: u32) -> anyhow::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let (_, behind_name) = stat.rsplit_once(')').context("/proc/PID/stat")?;
    let mut fields = behind_name.split_whitespace().skip(11);
    let mut next = || anyhow::Ok(fields.next().context("/proc/PID/stat")?.parse::<u64>()?);
    Ok(next()? + next()?)
}

/// The unit of [`Process::cpu_ticks`].
pub fn ticks_per_second() -> anyhow::Result<f64> {
    let output = Command::new("getconf").arg("CLK_TCK").output().context("getconf")?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn log_file(dir: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let logs = dir.join("logs");
    fs::create_dir_all(&logs)?;
    Ok(logs.join(name))
}

fn start_foxtrot(program: &str, config: &str) -> anyhow::Result<Process> {
    let home = tempfile::tempdir()?;
    let path = home.path().join("foxtrot.toml");
    fs::write(&path, config)?;
    let child = on_first_core(program)
        .args(["run", "--config"])
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    Process::announced(child, home)
}

fn foxtrot_config(origin: SocketAddr, certs: &Path, log: &str) -> String {
    let certs = certs.display();
    format!(
        r#"schema = 1
workers = 1
[admin]
listen = "127.0.0.1:0"
{log}
[listeners.http]
listen = "127.0.0.1:0"
[listeners.https]
listen = "127.0.0.1:0"
tls = {{ certs = [{{ cert = "{certs}/{CERT}", key = "{certs}/{KEY}" }}] }}
[clusters.app]
endpoints = ["http://{origin}"]
[[routes]]
name = "app"
match = {{ path = "/" }}
to = "cluster:app"
"#
    )
}

fn start_nginx(certs: &Path, origin: SocketAddr, log: &str) -> anyhow::Result<Process> {
    let folder = tempfile::tempdir()?;
    let home = folder.path();
    let [http1, http2, tls] = [free_address()?, free_address()?, free_address()?];
    let config = home.join("nginx.conf");
    let certs = certs.display();
    let home = home.display();
    let text = format!(
        r#"daemon off;
worker_processes 1;
pid {home}/pid;
error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
  access_log {log};
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  sendfile on;
  tcp_nodelay on;
  client_body_buffer_size 64k;
  proxy_buffers 8 16k;
  keepalive_requests 10000000;
  upstream origin {{
    server {origin};
    keepalive 64;
    keepalive_requests 10000000;
  }}
  server {{
    listen {http1};
    listen {http2} http2;
    listen {tls} ssl;
    ssl_certificate {certs}/{CERT};
    ssl_certificate_key {certs}/{KEY};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:1m;
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Request-Id $request_id;
    }}
  }}
}}
"#
    );
    fs::write(&config, text)?;
    let child = on_first_core("nginx")
        .arg("-c")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let process = Process { child, http1, http2, tls, _home: folder };
    await_listening(http1)?;
    Ok(process)
}

/// An address that nobody listens on just now: nginx cannot say which port it was given.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn await_listening(address: SocketAddr) -> anyhow::Result<()> {
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("nginx does not listen on {address}")
}
