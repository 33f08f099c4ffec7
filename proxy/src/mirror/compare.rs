//! What becomes of a shadow's answer.
//!
//! This is the seam for comparing it with the primary's. For now the answer is read to its end, so that the shadow sees a
//! client like any other, and dropped.

use std::{future::poll_fn, pin::Pin, sync::Arc};

use http_body::Body as _;

use crate::{
    error::Error,
    upstream::{self, Cluster, Request},
};

/// Sends a copy and reads its answer to the end.
///
/// # Errors
/// Why there is no whole answer.
pub async fn observe(
    to: &Arc<Cluster>,
    worker: usize,
    hash: Option<u64>,
    copy: Request,
) -> Result<(), Error> {
    let mut answer = upstream::forward_copy(to, worker, hash, copy).await?.body;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut answer).poll_frame(cx)).await {
        frame.map_err(|error| Error::Reset(error.to_string()))?;
    }
    Ok(())
}
