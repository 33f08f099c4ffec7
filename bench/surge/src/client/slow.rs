//! Slow clients: they hold connections with as little as they can, as slowloris and its kin do.
//!
//! That a server cuts them off is what it should do: it is counted as `cut`, not as an error.

use std::{io, rc::Rc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{MissedTickBehavior, interval, sleep, timeout, timeout_at},
};

use super::{AFTER_FAILURE, Crew, Job, connect::Stream, h1::Parser};
use crate::{
    clock::{self, Instant},
    record::{Answer, Moment},
    scenario::{Conduct, Slow, SlowPart},
};

/// How holding a connection ended.
enum End {
    /// The server closed it.
    Cut,
    /// The server answered.
    Answered(Answer),
    /// The client was called off.
    CalledOff,
}

/// Holds one connection after the other until a time. `phase` tells in which phase a time lies.
pub async fn hold(crew: Rc<Crew>, until: Instant, phase: impl Fn(Instant) -> usize) {
    let Conduct::Slow(slow) = &crew.class.conduct else { return };
    while clock::now() < until && !crew.context.stopped() {
        let now = clock::now();
        let job = Job { due: now, phase: phase(now), request: 0 };
        let moment = crew.started(&job, now);
        let opening = crew.endpoint.connect(crew.source(crew.next_source()));
        let opened = timeout(crew.class.timeout, opening).await;
        let stream = match opened.unwrap_or_else(|_| Err(super::Broken::timeout())) {
            Ok(stream) => stream,
            Err(broken) => {
                crew.ended(&moment, Err(broken));
                sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        count(&crew, &moment, dawdle(stream, slow, &crew, until).await);
        sleep(AFTER_FAILURE).await;
    }
}

fn count(crew: &Crew, moment: &Moment, end: End) {
    let now = clock::now();
    let mut recorder = crew.context.recorder.borrow_mut();
    match end {
        End::Cut => recorder.cut(moment, now),
        End::Answered(answer) => recorder.answered(moment, now, answer),
        End::CalledOff => recorder.held(moment, now),
    }
}

async fn dawdle(stream: Stream, slow: &Slow, crew: &Crew, until: Instant) -> End {
    let held = Box::pin(async {
        match slow.part {
            SlowPart::Head | SlowPart::Body => send_slowly(stream, slow).await,
            SlowPart::Reader => read_slowly(stream, slow).await,
        }
    });
    let stopped = async {
        while !crew.context.stopped() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        end = timeout_at(until.into(), held) => match end {
            Ok(end) => end.unwrap_or(End::Cut),
            Err(_) => End::CalledOff,
        },
        () = stopped => End::CalledOff,
    }
}

/// Sends a head, or a body after a head, piece by piece, until the server answers or closes.
async fn send_slowly(mut stream: Stream, slow: &Slow) -> io::Result<End> {
    let request = &slow.request;
    let at_once = match slow.part {
        SlowPart::Body => request.body_at,
        _ => 0,
    };
    // The last line of a head is kept back: fields that mean nothing go in its place, for as long as it takes.
    let (first, rest) = request.bytes.split_at(at_once);
    let rest = if slow.part == SlowPart::Head { unfinished(rest) } else { rest };
    stream.write_all(first).await?;
    let endless = FILLER.iter().cycle().copied();
    let filler = (slow.part == SlowPart::Head).then_some(endless).into_iter().flatten();
    let mut bytes = rest.iter().copied().chain(filler);
    let mut parser = Parser::default();
    parser.begin(false);
    let mut piece = Vec::with_capacity(slow.bytes);
    let mut buffer = vec![0; 4_096];
    let mut beat = interval(slow.every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => {
                if let Some(end) = take(&mut parser, buffer.get(..read?).unwrap_or_default()) {
                    return Ok(end);
                }
            }
            _ = beat.tick() => {
                piece.clear();
                piece.extend(bytes.by_ref().take(slow.bytes));
                stream.write_all(&piece).await?;
                stream.flush().await?;
            }
        }
    }
}

/// Sends a request and reads the answer piece by piece.
async fn read_slowly(mut stream: Stream, slow: &Slow) -> io::Result<End> {
    stream.write_all(&slow.request.bytes).await?;
    stream.flush().await?;
    let mut parser = Parser::default();
    parser.begin(slow.request.bodiless_answer);
    let mut buffer = vec![0; slow.bytes];
    let mut beat = interval(slow.every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let read = stream.read(&mut buffer).await?;
        if let Some(end) = take(&mut parser, buffer.get(..read).unwrap_or_default()) {
            return Ok(end);
        }
    }
}

/// What bytes that were read mean for the client; nothing read is the end of the stream.
fn take(parser: &mut Parser, bytes: &[u8]) -> Option<End> {
    let answer =
        |parser: &Parser| End::Answered(Answer { status: parser.status(), bytes: parser.bytes() });
    if bytes.is_empty() {
        return Some(if parser.ends_with_stream() { answer(parser) } else { End::Cut });
    }
    match parser.feed(bytes) {
        Ok(Some(_)) => Some(answer(parser)),
        Ok(None) => None,
        Err(_) => Some(End::Cut),
    }
}

/// A head without the empty line that ends it.
fn unfinished(head: &[u8]) -> &[u8] {
    head.windows(4)
        .position(|end| end == b"\r\n\r\n")
        .map_or(head, |at| head.get(..at + 2).unwrap_or(head))
}

/// Fields that mean nothing.
const FILLER: &[u8] = b"x-slow: surge\r\n";
