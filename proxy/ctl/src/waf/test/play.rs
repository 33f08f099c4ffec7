//! Playing tests: their stages in order, over the wire, with what the WAF's log says of each.

use std::{
    cell::Cell,
    net::{Ipv4Addr, SocketAddr},
};

use futures_util::future;

use super::{
    evidence::Evidence,
    exchange,
    marker::{self, Lost, Markers},
    request::Message,
    response::Response,
    session,
    source::Sources,
    suite::{Stage, Test},
};

/// What was sent and what came of it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) request: Vec<u8>,
    pub(crate) answer: Result<Response, String>,
    /// Where there is a log.
    pub(crate) evidence: Option<Evidence>,
}

/// How lines of the log are told apart.
#[derive(Debug)]
pub(crate) enum Log {
    /// There is none.
    None,
    /// By their order between markers: one test at a time.
    ByOrder(Markers),
    /// By the address that each stage's request comes from: many tests at a time.
    ByAddress(Markers),
}

/// Plays tests against a server.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) server: SocketAddr,
    pub(crate) log: Log,
    /// Tests under way at a time.
    pub(crate) jobs: usize,
}

/// A test and the number of its first stage in this pass.
type Numbered<'a> = (&'a Test, usize);

impl Player {
    /// Plays tests, and gives for each what was seen of its stages.
    pub(crate) async fn play(&mut self, tests: &[&Test]) -> Result<Vec<Vec<Seen>>, Lost> {
        match &mut self.log {
            Log::None => Ok(beside(self.server, self.jobs, &number(tests), None).await),
            Log::ByOrder(markers) => in_turn(self.server, markers, tests).await,
            Log::ByAddress(markers) => {
                let count = tests.iter().map(|test| test.stages.len()).sum();
                let sources = Sources::new(count, marker::random()).ok_or(Lost::TooMany)?;
                markers.discard()?;
                let (server, jobs) = (self.server, self.jobs);
                let mut seen = beside(server, jobs, &number(tests), Some(&sources)).await;
                attribute(markers, &sources, &mut seen).await?;
                Ok(seen)
            }
        }
    }
}

/// One test after the other, each stage between two markers.
async fn in_turn(
    server: SocketAddr,
    markers: &mut Markers,
    tests: &[&Test],
) -> Result<Vec<Vec<Seen>>, Lost> {
    let mut all = Vec::with_capacity(tests.len());
    for test in tests {
        let mut session = session::State::default();
        let mut seen = Vec::with_capacity(test.stages.len());
        for stage in &test.stages {
            // What is late is of the test before: the marker that ended that one begins this one, and all that came since
            // is passed over.
            markers.discard()?;
            let mut it = play_stage(server, None, stage, &mut session).await;
            let lines = markers.lines(&host(stage)).await?;
            it.evidence = Some(Evidence::read(markers.format(), lines));
            seen.push(it);
        }
        all.push(seen);
    }
    Ok(all)
}

/// Many tests at a time; the stages of each in order.
async fn beside(
    server: SocketAddr,
    jobs: usize,
    tests: &[Numbered<'_>],
    sources: Option<&Sources>,
) -> Vec<Vec<Seen>> {
    let next = Cell::new(0);
    let worker = async |_| {
        let mut done = Vec::new();
        while let Some((test, first)) = tests.get(next.get()) {
            let at = next.replace(next.get() + 1);
            let mut session = session::State::default();
            let mut seen = Vec::with_capacity(test.stages.len());
            for (number, stage) in (*first..).zip(&test.stages) {
                let from = sources.and_then(|sources| sources.address(number));
                seen.push(play_stage(server, from, stage, &mut session).await);
            }
            done.push((at, seen));
        }
        done
    };
    let workers = future::join_all((0..jobs.min(tests.len())).map(worker)).await;
    let mut all: Vec<_> = workers.into_iter().flatten().collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, seen)| seen).collect()
}

/// Gives the log's lines to the stages whose addresses they name.
async fn attribute(
    markers: &mut Markers,
    sources: &Sources,
    seen: &mut [Vec<Seen>],
) -> Result<(), Lost> {
    let mut stages: Vec<&mut Seen> = seen.iter_mut().flatten().collect();
    let mut lines: Vec<Vec<Vec<u8>>> = stages.iter().map(|_| Vec::new()).collect();
    for line in markers.lines_when_quiet().await? {
        let of = sources.stage(&line).and_then(|stage| lines.get_mut(stage));
        if let Some(lines) = of {
            lines.push(line);
        }
    }
    for (stage, lines) in stages.iter_mut().zip(lines) {
        stage.evidence = Some(Evidence::read(markers.format(), lines));
    }
    Ok(())
}

async fn play_stage(
    server: SocketAddr,
    from: Option<Ipv4Addr>,
    stage: &Stage,
    session: &mut session::State,
) -> Seen {
    let (request, answer) = match session.request(stage) {
        Ok(request) => {
            let answer = exchange::exchange(server, from, &request).await;
            (request, answer)
        }
        Err(error) => (Vec::new(), Err(error)),
    };
    session.learn(stage, answer.as_ref().ok());
    Seen { request, answer, evidence: None }
}

fn number<'a>(tests: &[&'a Test]) -> Vec<Numbered<'a>> {
    let numbered = tests.iter().scan(0, |next, &test| {
        let first = *next;
        *next += test.stages.len();
        Some((test, first))
    });
    numbered.collect()
}

/// Whom markers are sent to.
fn host(stage: &Stage) -> String {
    let host = match &stage.message {
        Message::Composed(parts) if stage.session.virtual_host => parts.values("host").next(),
        _ => None,
    };
    host.unwrap_or("localhost").to_owned()
}
