//! `/rollouts/NAME/...` and `/events`: what moves traffic, and what says that it did.

use std::{fmt, net::SocketAddr, sync::Arc};

use axum::{
    Extension, Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    Operations,
    router::{Refusal, refuse},
};
use crate::{
    event::RECENT_MAX,
    rollout::{drive::Unmoved, plan::Command},
};

/// Who calls, for the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    /// The other end of the connection.
    pub(super) peer: Option<SocketAddr>,
    /// Whether the call carried the token.
    pub(super) token: bool,
}

/// No further word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plainly {}

/// How to start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hold {
    #[serde(default)]
    hold: bool,
}

/// How to move on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Force {
    #[serde(default)]
    force: bool,
}

/// Which events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
    #[serde(default = "all")]
    limit: usize,
}

type Asked<T> = Result<Query<T>, QueryRejection>;

pub(super) async fn start<O: Operations>(
    State(ops): State<Arc<O>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    how: Asked<Hold>,
) -> Response {
    answer(&*ops, &name, caller, how, |Hold { hold }| Command::Start { hold }).await
}

pub(super) async fn step<O: Operations>(
    State(ops): State<Arc<O>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    how: Asked<Force>,
) -> Response {
    answer(&*ops, &name, caller, how, |Force { force }| Command::Step { force }).await
}

pub(super) async fn pause<O: Operations>(
    State(ops): State<Arc<O>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    how: Asked<Plainly>,
) -> Response {
    answer(&*ops, &name, caller, how, |Plainly {}| Command::Pause).await
}

pub(super) async fn promote<O: Operations>(
    State(ops): State<Arc<O>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    how: Asked<Force>,
) -> Response {
    answer(&*ops, &name, caller, how, |Force { force }| Command::Promote { force }).await
}

pub(super) async fn rollback<O: Operations>(
    State(ops): State<Arc<O>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    how: Asked<Plainly>,
) -> Response {
    answer(&*ops, &name, caller, how, |Plainly {}| Command::Rollback).await
}

/// Lines as they stand in the log, byte for byte: they can be verified.
pub(super) async fn events<O: Operations>(
    State(ops): State<Arc<O>>,
    which: Asked<After>,
) -> Response {
    match which {
        Ok(Query(After { after, limit })) => {
            let lines = ops.events(after, limit.min(RECENT_MAX)).await;
            ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response()
        }
        Err(rejection) => refuse(&Refusal::Input(rejection.body_text())),
    }
}

async fn answer<O: Operations, T>(
    ops: &O,
    name: &str,
    caller: Caller,
    how: Asked<T>,
    command: impl FnOnce(T) -> Command,
) -> Response {
    let asked = match how {
        Ok(Query(how)) => command(how),
        Err(rejection) => return refuse(&Refusal::Input(rejection.body_text())),
    };
    match ops.move_rollout(name, asked, caller.to_string()).await {
        Ok(change) => Json(change).into_response(),
        Err(Unmoved::Unknown) => {
            let known = ops.rollouts().await.into_iter().map(|rollout| rollout.name).collect();
            refuse(&Refusal::NoRollout(name.to_owned(), known))
        }
        Err(Unmoved::Refused(why)) => refuse(&Refusal::NotNow(name.to_owned(), why)),
    }
}

fn all() -> usize {
    RECENT_MAX
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.token { "with the token" } else { "without a token" };
        match self.peer {
            Some(peer) => write!(f, "{peer} {how}"),
            None => f.write_str(how),
        }
    }
}
