//! `/livez`, `/readyz`, `/metrics`, `/status`, `/clusters`, `/rollouts` and `/waf`.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use foxtrot_api::{ClusterStatus, RolloutStatus, Status, WafStatus};

use super::Operations;

/// Answers as long as the process does.
pub(super) async fn livez() -> &'static str {
    "alive\n"
}

pub(super) async fn readyz<O: Operations>(State(ops): State<Arc<O>>) -> impl IntoResponse {
    if ops.ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

pub(super) async fn metrics<O: Operations>(State(ops): State<Arc<O>>) -> impl IntoResponse {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, TEXT)], ops.metrics_text().await)
}

pub(super) async fn status<O: Operations>(State(ops): State<Arc<O>>) -> Json<Status> {
    Json(ops.status().await)
}

pub(super) async fn clusters<O: Operations>(State(ops): State<Arc<O>>) -> Json<Vec<ClusterStatus>> {
    Json(ops.clusters().await)
}

pub(super) async fn rollouts<O: Operations>(State(ops): State<Arc<O>>) -> Json<Vec<RolloutStatus>> {
    Json(ops.rollouts().await)
}

pub(super) async fn waf<O: Operations>(State(ops): State<Arc<O>>) -> Json<WafStatus> {
    Json(ops.waf().await)
}
