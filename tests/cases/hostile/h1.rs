//! Runs the rows of HTTP/1 against a proxy whose origin keeps every byte that reaches it.

use e2e::*;

use super::{Findings, Listed, ensure, h1_fields_data, h1_framing_data, in_time};

/// A request, and what must become of it.
pub struct Row {
    pub id: &'static str,
    pub input: &'static str,
    pub send: Vec<u8>,
    pub expect: Expect,
}

/// What must become of a request.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// This status, then the end of the connection; not a byte reaches the upstream.
    Refused(u16),
    /// This status, and the connection goes on: its framing is in order. Not a byte reaches the upstream.
    Answered(u16),
    /// The head was good, its body is not: 400 or the end of the connection; the upstream never gets a whole request.
    Broken,
    /// 200 from the upstream, which gets one clean request.
    Served,
    /// Likewise, and the upstream gets this.
    ServedWith(&'static str),
    /// Likewise, and the upstream does not get this.
    ServedWithout(&'static str),
}

impl Expect {
    fn outcome(self) -> String {
        match self {
            Self::Refused(status) => format!("{status}, connection closed"),
            Self::Answered(status) => status.to_string(),
            Self::Broken => "400 or connection closed, upstream request cut".into(),
            Self::Served => "served".into(),
            Self::ServedWith(what) => format!("served, upstream gets `{}`", what.trim()),
            Self::ServedWithout(what) => format!("served, upstream does not get `{}`", what.trim()),
        }
    }
}

/// What follows each hostile request on its connection. It must never be answered as a request of its own, nor reach the
/// upstream.
pub const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n";

/// What must not be walked around to the route that takes all else.
const GUARD: &str = "[[routes]]\nmatch = { path = \"/guarded\" }\nto = \"respond:403\"\n";

pub fn listed() -> Vec<Listed> {
    let framing = h1_framing_data::rows().into_iter().map(|row| (row, "h1 framing"));
    let fields = h1_fields_data::rows().into_iter().map(|row| (row, "h1 head"));
    let listed = |(row, class): (Row, _)| Listed {
        id: row.id,
        class,
        input: row.input,
        outcome: row.expect.outcome(),
    };
    framing.chain(fields).map(listed).collect()
}

#[tokio::test]
async fn hostile_framing_is_refused() {
    run(h1_framing_data::rows()).await;
}

#[tokio::test]
async fn hostile_heads_are_refused() {
    run(h1_fields_data::rows()).await;
}

/// The same bytes in two segments, cut at every place: no cut may change what becomes of them.
#[tokio::test]
async fn no_cut_between_segments_changes_an_outcome() {
    let origin = RawOrigin::good().await;
    let proxy = Proxy::to(&origin).await;
    let mut findings = Findings::default();
    let rows = h1_framing_data::rows().into_iter().filter(|row| row.send.len() < 200).take(12);
    for row in rows.collect::<Vec<_>>() {
        for cut in (1..row.send.len()).step_by(3) {
            let before = origin.received().len();
            let mut raw = Raw::connect(proxy.http()).await;
            raw.send_in(&[&row.send[..cut], &row.send[cut..]]).await;
            let reply = raw.reply().await;
            let result = judge(&row, &reply, &origin.received()[before..]);
            findings.add(row.id, &format!("{}, cut at {cut}", row.input), result);
        }
    }
    findings.none();
}

async fn run(rows: Vec<Row>) {
    let origin = RawOrigin::good().await;
    let proxy = Proxy::with(Config::to(&origin).more(GUARD)).await;
    let mut findings = Findings::default();
    for row in rows {
        let result = in_time(play(&row, &proxy, &origin)).await;
        findings.add(row.id, row.input, result);
    }
    findings.none();
    assert_eq!(proxy.client().await.get("/good").await.status, 200);
    assert_eq!(dirt(&origin.received()), None);
}

async fn play(row: &Row, proxy: &Proxy, origin: &RawOrigin) -> Result<(), String> {
    let before = origin.received().len();
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(&row.send).await;
    let reply = raw.reply().await;
    judge(row, &reply, &origin.received()[before..])?;
    if matches!(row.expect, Expect::Refused(_)) {
        raw.send(SMUGGLED).await;
        let more = raw.reply().await.status;
        ensure(more == 0, || format!("the connection went on and answered {more}"))?;
    }
    Ok(())
}

fn judge(row: &Row, reply: &RawReply, arrived: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(arrived).to_ascii_lowercase();
    ensure(!text.contains("/smuggled"), || format!("smuggled: {text:?}"))?;
    let status =
        |wanted| ensure(reply.status == wanted, || format!("{} instead of {wanted}", reply.status));
    let served = || {
        status(200)?;
        ensure(text.contains("http/1.1\r\n"), || "nothing reached the upstream".into())
    };
    match row.expect {
        Expect::Refused(wanted) | Expect::Answered(wanted) => {
            status(wanted)?;
            ensure(arrived.is_empty(), || format!("the upstream got {text:?}"))
        }
        Expect::Broken => {
            ensure(matches!(reply.status, 0 | 400), || format!("{}", reply.status))?;
            ensure(!text.ends_with("0\r\n\r\n"), || format!("the upstream got all of {text:?}"))
        }
        Expect::Served => served(),
        Expect::ServedWith(what) => {
            served()?;
            ensure(text.contains(&what.to_ascii_lowercase()), || {
                format!("the upstream got {text:?}")
            })
        }
        Expect::ServedWithout(what) => {
            served()?;
            ensure(!text.contains(&what.to_ascii_lowercase()), || {
                format!("the upstream got {text:?}")
            })
        }
    }
}

/// What a second parser could read differently in the bytes that the upstream got.
fn dirt(bytes: &[u8]) -> Option<String> {
    for (at, byte) in bytes.iter().enumerate() {
        let dirty = match byte {
            b'\n' => at == 0 || bytes[at - 1] != b'\r',
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            b'\t' => false,
            0..=31 | 127 => true,
            _ => false,
        };
        if dirty {
            let around = &bytes[at.saturating_sub(60)..(at + 20).min(bytes.len())];
            return Some(format!("byte {byte:#04x} in {:?}", String::from_utf8_lossy(around)));
        }
    }
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let head = text.split("\r\n\r\n").find(|head| {
        let framings = head.matches("\r\ncontent-length:").count()
            + head.matches("\r\ntransfer-encoding:").count();
        let hosts = head.matches("\r\nhost:").count();
        framings > 1 || hosts > 1 || head.contains("\r\n ") || head.contains("\r\n\t")
    });
    head.map(str::to_owned)
}
