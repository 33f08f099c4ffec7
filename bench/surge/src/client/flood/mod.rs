//! Floods: connections that cost a server more than they cost the client, by frames that HTTP/2 allows or by their number.
//!
//! What the server does about it is counted: connections that it ends and with which reason, streams that it resets, requests
//! that it answers. That it ends a connection is what it should do; another one is opened in its place.

mod attack;
mod frame;

use std::{cell::RefCell, io, rc::Rc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    time::{MissedTickBehavior, interval, sleep, timeout, timeout_at},
};

use self::{
    attack::Attack,
    frame::{ACK, Kind, Reader, Seen, push},
};
use super::{AFTER_FAILURE, Broken, Crew, Job, connect::Stream};
use crate::{
    clock::{self, Instant},
    record::{Flooded, Moment},
    scenario::{Conduct, Flood, FloodKind},
};

/// Floods over one connection after the other until a time. `phase` tells in which phase a time lies.
pub async fn flood(crew: Rc<Crew>, until: Instant, phase: impl Fn(Instant) -> usize) {
    let Conduct::Flood(flood) = &crew.class.conduct else { return };
    let per_connection = flood.rate / flood.connections.max(1) as f64;
    let mut connects = interval(Duration::from_secs_f64(1.0 / per_connection.max(1e-3)));
    connects.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while clock::now() < until && !crew.context.stopped() {
        if flood.kind.is_of_connections() {
            connects.tick().await;
        }
        let now = clock::now();
        let moment = crew.started(&Job { due: now, phase: phase(now), request: 0 }, now);
        match connect(&crew).await {
            Ok(stream) => converse(&crew, flood, stream, &moment, until).await,
            Err(broken) => {
                crew.ended(&moment, Err(broken));
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}

async fn connect(crew: &Crew) -> Result<Stream, Broken> {
    let opening = crew.endpoint.connect(crew.source(crew.next_source()));
    timeout(crew.class.timeout, opening).await.unwrap_or_else(|_| Err(Broken::timeout()))
}

/// Floods a connection until the server ends it, or the time is over.
async fn converse(crew: &Crew, flood: &Flood, stream: Stream, moment: &Moment, until: Instant) {
    let flooded = RefCell::new(Flooded::default());
    if flood.kind.is_of_connections() {
        flooded.borrow_mut().units = 1;
        return count(crew, moment, &flooded.take(), false);
    }
    let (reading, writing) = split(stream);
    let acks = RefCell::new(0_u32);
    let ended = Box::pin(async {
        tokio::select! {
            _ = listen(reading, &flooded, &acks) => {}
            _ = send(writing, crew, flood, (&flooded, &acks)) => {}
        }
    });
    let cut = timeout_at(until.into(), ended).await.is_ok() && !crew.context.stopped();
    count(crew, moment, &flooded.take(), cut);
    if cut {
        sleep(AFTER_FAILURE).await;
    }
}

fn count(crew: &Crew, moment: &Moment, flooded: &Flooded, cut: bool) {
    let mut recorder = crew.context.recorder.borrow_mut();
    recorder.flooded(moment, flooded);
    if cut { recorder.cut(moment, clock::now()) } else { recorder.held(moment, clock::now()) }
}

/// Reads what the server says, until it ends the connection or announces that.
async fn listen(
    mut stream: ReadHalf<Stream>,
    flooded: &RefCell<Flooded>,
    acks: &RefCell<u32>,
) -> io::Result<()> {
    let (mut reader, mut buffer) = (Reader::default(), vec![0; BUFFER]);
    loop {
        let read = stream.read(&mut buffer).await?;
        let mut going = false;
        let mut flooded = flooded.borrow_mut();
        reader.feed(buffer.get(..read).unwrap_or_default(), |seen| match seen {
            Seen::Headers => flooded.answers += 1,
            Seen::Reset(reason) => *flooded.resets.entry(reason).or_default() += 1,
            Seen::GoAway(reason) => {
                *flooded.goaways.entry(reason).or_default() += 1;
                going = true;
            }
            Seen::Settings => *acks.borrow_mut() += 1,
            Seen::Other => {}
        });
        if read == 0 || going {
            return Ok(());
        }
    }
}

/// Sends units at their rate; what a server that does not read keeps back is not made up for.
async fn send(
    mut stream: WriteHalf<Stream>,
    crew: &Crew,
    flood: &Flood,
    (flooded, acks): (&RefCell<Flooded>, &RefCell<u32>),
) -> io::Result<()> {
    let mut attack = Attack::new(flood.kind, &flood.request.head);
    let mut bytes = Vec::new();
    Attack::hello(&mut bytes);
    let rate = flood.rate / flood.connections.max(1) as f64;
    let (mut beat, mut owed, mut last) = (interval(BEAT), 0.0, clock::now());
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !crew.context.stopped() && !attack.is_spent() {
        beat.tick().await;
        // Settings that are not acknowledged would be a reason of its own to hang up.
        let pending = acks.take();
        // Within a field block no other frame may come (RFC 9113, 4.3).
        if flood.kind != FloodKind::Continuation {
            (0..pending).for_each(|_| push(&mut bytes, Kind::Settings, ACK, 0, &[]));
        }
        let now = clock::now();
        let passed = now.saturating_duration_since(std::mem::replace(&mut last, now));
        owed = (owed + rate * passed.as_secs_f64()).min(rate * ARREARS.as_secs_f64() + 1.0);
        let mut units = 0;
        while owed >= 1.0 && bytes.len() < BUFFER * 4 {
            attack.unit(&mut bytes);
            (units, owed) = (units + 1, owed - 1.0);
        }
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        let mut flooded = flooded.borrow_mut();
        flooded.units += units;
        flooded.bytes += bytes.len() as u64;
        bytes.clear();
    }
    Ok(())
}

const BUFFER: usize = 64 * 1024;
const BEAT: Duration = Duration::from_millis(10);
/// For how long a flood that was held up may make up.
const ARREARS: Duration = Duration::from_millis(100);
