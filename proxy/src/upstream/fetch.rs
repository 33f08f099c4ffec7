//! A document of a cluster, asked for on our own account and not on a client's.

use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;

use super::{Cluster, Response, breaker::Traffic, endpoint::Held, health};
use crate::clock;

/// A document as one endpoint serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Status.
    pub status: u16,
    /// Body.
    pub body: Bytes,
}

/// Bytes of a document.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Gets a document from an endpoint that is in rotation, over a connection of its own.
///
/// # Errors
/// There is no document, and why.
pub async fn fetch(
    cluster: &Arc<Cluster>,
    path: &str,
    within: Duration,
) -> Result<Document, String> {
    let now = clock::now();
    let endpoints = cluster.endpoints().list.clone();
    let serves = endpoints.iter().find(|endpoint| endpoint.in_rotation(cluster.is_probed(), now));
    let endpoint = serves.ok_or("no endpoint is in rotation")?;
    let head = health::head(path, endpoint.authority.clone(), "foxtrot-parity");
    let document = async {
        let answer = health::ask(endpoint, head, within).await?;
        let held = Held::new(cluster, endpoint, 0, Traffic::Copy);
        let Response { head, mut body, .. } = answer.alone().into_response(held);
        let status = head.status.as_u16();
        let mut bytes = BytesMut::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.map_err(|error| error.to_string())?;
            bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            if bytes.len() > BODY_BYTES_MAX {
                return Err(format!("longer than {BODY_BYTES_MAX} bytes"));
            }
        }
        Ok(Document { status, body: bytes.freeze() })
    };
    tokio::time::timeout(within, document).await.unwrap_or_else(|_| Err("timed out".to_owned()))
}
