//! `/config`, `/config/history`, `/config/diff`, `/config/rollback` and `/reload`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use foxtrot_api::{ConfigDiff, ConfigText, Generation, ReloadOutcome, ReloadResult};
use serde::Deserialize;

use super::{
    Operations,
    router::{Refusal, refuse},
};

/// Which two generations to compare. By default the one in force with the one before it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Between {
    from: Option<u64>,
    to: Option<u64>,
}

/// Which generation to go back to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackTo {
    generation: u64,
}

type Asked<T> = Result<Query<T>, QueryRejection>;

pub(super) async fn config<O: Operations>(State(ops): State<Arc<O>>) -> Json<ConfigText> {
    Json(ops.config_text().await)
}

pub(super) async fn history<O: Operations>(State(ops): State<Arc<O>>) -> Json<Vec<Generation>> {
    Json(ops.history().await)
}

pub(super) async fn diff<O: Operations>(
    State(ops): State<Arc<O>>,
    between: Asked<Between>,
) -> Response {
    let Query(between) = match between {
        Ok(between) => between,
        Err(rejection) => return refuse(&Refusal::Input(rejection.body_text())),
    };
    let Some((from, to)) = between.generations(&ops.history().await) else {
        return refuse(&Refusal::NoGeneration);
    };
    match ops.diff(from, to).await {
        Some(diff) => Json(ConfigDiff { from, to, diff }).into_response(),
        None => refuse(&Refusal::NoGeneration),
    }
}

pub(super) async fn reload<O: Operations>(State(ops): State<Arc<O>>) -> Response {
    answer(ops.reload().await)
}

pub(super) async fn rollback<O: Operations>(
    State(ops): State<Arc<O>>,
    back_to: Asked<BackTo>,
) -> Response {
    match back_to {
        Ok(Query(BackTo { generation })) => match ops.rollback(generation).await {
            Some(result) => answer(result),
            None => refuse(&Refusal::NoGeneration),
        },
        Err(rejection) => refuse(&Refusal::Input(rejection.body_text())),
    }
}

impl Between {
    /// Resolves the defaults. `None` where there is no generation to start from.
    fn generations(&self, history: &[Generation]) -> Option<(u64, u64)> {
        let to = self.to.or_else(|| history.last().map(|latest| latest.generation))?;
        let before = history.iter().rev().map(|entry| entry.generation).find(|entry| *entry < to);
        Some((self.from.or(before).unwrap_or(to), to))
    }
}

fn answer(result: ReloadResult) -> Response {
    let status = match result.result {
        ReloadOutcome::Applied | ReloadOutcome::Unchanged => StatusCode::OK,
        ReloadOutcome::Refused => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, Json(result)).into_response()
}

#[cfg(test)]
mod tests {
    use foxtrot_api::Cause;

    use super::*;

    #[test]
    fn a_diff_is_with_the_generation_before_by_default() {
        let entry = |generation| Generation {
            generation,
            loaded_at: 0,
            cause: Cause::Start,
            hash: String::new(),
        };
        let history = [entry(3), entry(4), entry(6)];
        for ((from, to), expected) in [
            ((None, None), (4, 6)),
            ((None, Some(4)), (3, 4)),
            ((None, Some(3)), (3, 3)),
            ((Some(3), None), (3, 6)),
            ((Some(6), Some(3)), (6, 3)),
        ] {
            assert_eq!(Between { from, to }.generations(&history), Some(expected));
        }
        assert_eq!(Between { from: None, to: None }.generations(&[]), None);
    }
}
