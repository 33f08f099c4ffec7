//! `/rollouts/NAME/diff`: what comparing a shadow with the primary has come to; `/rollouts/NAME/parity`: whether green is
//! set up as blue is.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};

use super::{
    Operations,
    router::{Refusal, refuse},
};

pub(super) async fn diff<O: Operations>(
    State(ops): State<Arc<O>>,
    Path(name): Path<String>,
) -> Response {
    match ops.shadow_diff(&name).await {
        Some(diff) => Json(diff).into_response(),
        None => refuse(&Refusal::NoComparison(name)),
    }
}

/// Forgets what was found; the answer is what that was.
pub(super) async fn forget<O: Operations>(
    State(ops): State<Arc<O>>,
    Path(name): Path<String>,
) -> Response {
    match ops.forget_shadow_diff(&name).await {
        Some(diff) => Json(diff).into_response(),
        None => refuse(&Refusal::NoComparison(name)),
    }
}

pub(super) async fn parity<O: Operations>(
    State(ops): State<Arc<O>>,
    Path(name): Path<String>,
) -> Response {
    match ops.parity(&name).await {
        Some(parity) => Json(parity).into_response(),
        None => refuse(&Refusal::NoRollout(
            name,
            ops.rollouts().await.into_iter().map(|one| one.name).collect(),
        )),
    }
}
