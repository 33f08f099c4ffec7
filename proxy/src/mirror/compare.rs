//! What becomes of a shadow's answer.
//!
//! This is the seam for comparing it with the primary's. For now the answer is read to its end, so that the shadow sees a
//! client like any other, and dropped.

use std::{future::poll_fn, pin::Pin, sync::Arc};

use http_body::Body as _;

use crate::{
    error::Error,
    upstream::{self, Call, Cluster},
    wire::{Body, RequestHead},
};

/// Sends a copy and reads its answer to the end.
///
/// # Errors
/// Why there is no whole answer.
pub async fn observe(
    to: &Arc<Cluster>,
    worker: usize,
    head: RequestHead,
    body: Body,
) -> Result<(), Error> {
    let mut report = upstream::Report::default();
    let call = Call {
        worker,
        cluster: to,
        hash: None,
        per_try: None,
        total: None,
        informational: None,
        report: &mut report,
    };
    let mut answer = upstream::forward(call, upstream::Request { head, body }).await?.body;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut answer).poll_frame(cx)).await {
        frame.map_err(|error| Error::Reset(error.to_string()))?;
    }
    Ok(())
}
