//! Places for a request among those that we take on at once. Which of them it needs when is `handle`'s affair.

use std::sync::Arc;

use super::context::Exchange;
use crate::{
    error::Error,
    overload::{Asking, Whose},
    wire::RequestHead,
};

/// Finds the request a place in the process and on its route, or sheds it.
pub(super) async fn shed(x: &mut Exchange, head: &RequestHead) -> Result<(), Error> {
    let snapshot = Arc::clone(&x.snapshot);
    if snapshot.overload.is_idle() {
        return Ok(());
    }
    let asking = asking(x, head);
    x.places = snapshot.overload.admit(x.route, &asking).await?;
    Ok(())
}

/// Finds the request a place in its cluster, which is not known before the split.
pub(super) async fn shed_by_cluster(x: &mut Exchange, head: &RequestHead) -> Result<(), Error> {
    let Some(route) = x.route else { return Ok(()) };
    let Some(limiter) = x.snapshot.overload.cluster(route, x.colour).cloned() else {
        return Ok(());
    };
    let asking = asking(x, head);
    x.places.push(limiter.enter(&asking).await?);
    Ok(())
}

fn asking(x: &Exchange, head: &RequestHead) -> Asking {
    let worker = &x.connection.worker;
    let whose = Whose {
        route: x.route,
        tenant: x.tenant,
        fields: &head.headers,
        trusted: x.client.peer_trusted,
    };
    x.snapshot.overload.asking(&whose, worker.id, worker.chance())
}
