//! THE request path, phase by phase. What a request passes, and in which order, is decided here and nowhere else.
//!
//! Each phase is one call of a function that knows nothing of the others; the decisions among them are pure. An early end is
//! an [`Error`], which [`reply`] turns into the one answer that belongs to it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Method, StatusCode, Version,
    header::{ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, DATE, UPGRADE},
};

use super::{
    admission,
    body::{Inbound, Received},
    context::Exchange,
    inspect::{self, Inspected},
    reply,
    reply::Reply,
    send, upgrade,
};
use crate::{
    clock,
    config::Colour,
    error::Error,
    filter::{
        client_ip,
        forwarded::{self, ClientFacts, Ids, Scheme},
        hop_by_hop,
        live_lists::List,
        rate_limit,
    },
    limit,
    mirror::{Copied, Primary, Reason},
    route::{Found, reading::other_readings, split},
    snapshot::{Action, Rollout, Route},
    upstream::{self, Cluster, Informational},
    waf::Policy,
    wire::{Body, RequestHead, parse},
    worker::Held,
};

/// Answers a request. Whatever happens, there is an answer.
pub async fn handle(
    x: &mut Exchange,
    head: RequestHead,
    body: Body,
    interim: Option<&dyn Informational>,
) -> Reply {
    match answer(x, head, body, interim).await {
        Ok(reply) => reply,
        Err(error) => {
            let error = blame(x, error);
            x.refuse(&error)
        }
    }
}

/// A request that took too long because a limit holds its body up is over that limit: no upstream has failed.
fn blame(x: &Exchange, error: Error) -> Error {
    let too_long = matches!(
        error,
        Error::TryTimeout | Error::TotalTimeout | Error::ExchangeTimeout | Error::RequestTimeout(_)
    );
    let coming = x.received.as_ref().is_some_and(|received| !received.is_whole());
    let over = if too_long && coming { x.admitted.held_up(clock::now()) } else { None };
    over.map_or(error, Error::OverLimit)
}

async fn answer(
    x: &mut Exchange,
    head: RequestHead,
    body: Body,
    interim: Option<&dyn Informational>,
) -> Result<Reply, Error> {
    let snapshot = Arc::clone(&x.snapshot);
    if head.is_of_unknown_version() && snapshot.waf.rules().is_none() {
        return Err(Error::Version);
    }
    x.client = client_ip::resolve(x.connection.peer.ip(), &head.headers, &snapshot.trusted_proxies);
    let host = normal_host(&head.authority);
    x.tenant = snapshot.tenants.find(&host, &head.headers);
    let route = find(x, &snapshot, &head, &host)?;
    let policy = listed(x, &snapshot, waf(x, &snapshot))?;
    admission::shed(x, &head).await?;
    limit(x, &snapshot, &head, &host)?;
    if head.upgrade.is_some() && head.version == Version::HTTP_2 && !route.upgrade {
        // Extended CONNECT is nothing without its tunnel (RFC 8441, 4).
        return Err(Error::MethodNotAllowed);
    }
    let body = bound(x, route, body)?;
    let body = x.admitted.pace(body, x.connection.worker.id);
    let body = match policy {
        None => body,
        Some(policy) => match inspect::request(x, &policy, &head, body).await? {
            Inspected::Pass(body) => body,
            Inspected::Answer(reply) => return Ok(reply),
        },
    };
    if head.is_of_unknown_version() {
        return Err(Error::Version);
    }
    let reply = act(x, route, head, body, interim).await?;
    let mut reply = inspect::response(x, reply).await?;
    reply.body = x.admitted.pace(reply.body, x.connection.worker.id);
    Ok(reply)
}

/// Does what the route says.
async fn act(
    x: &mut Exchange,
    route: &Route,
    mut head: RequestHead,
    body: Body,
    interim: Option<&dyn Informational>,
) -> Result<Reply, Error> {
    match &route.action {
        Action::Respond(status, text) => {
            let mut reply = reply::fixed(*status, text);
            route.response_headers.apply(&mut reply.head.headers);
            Ok(reply)
        }
        Action::Redirect(status, template) => {
            let host = normal_host(&head.authority);
            redirect(route, *status, template.render(&host, &head.target))
        }
        Action::Cluster(cluster) => {
            admission::shed_by_cluster(x, &head).await?;
            let hash = cluster.balance_key(&head, x.client.address);
            prepare(x, route, &mut head);
            forward(x, route, cluster, hash, upstream::Request { head, body }, interim).await
        }
        Action::Rollout(rollout) => {
            // The split reads the request as the client sent it; what we add must not move anybody.
            let colour = choose(x, rollout, &head);
            admission::shed_by_cluster(x, &head).await?;
            let client = x.client.address;
            let hashes = [&rollout.blue, &rollout.green].map(|to| to.balance_key(&head, client));
            let first = (rollout.cluster(colour), hashes[colour as usize]);
            let primary = primary(x, rollout, first, route, &head);
            prepare(x, route, &mut head);
            if rollout.prewarm.is_some() {
                rollout.learned.recorder.offer(x.connection.worker.id, &head, &body);
            }
            let request = mirror(x, rollout, primary, upstream::Request { head, body });
            let method = request.head.method.clone();
            let roll = send::Roll { route, rollout, hashes, interim };
            let response = send::roll(x, roll, colour, request).await?;
            let response = compared(x, response);
            Ok(relay(route, &method, response))
        }
    }
}

/// Holds the request to the limits of its route and its tenant.
fn limit(x: &mut Exchange, snapshot: &Held, head: &RequestHead, host: &[u8]) -> Result<(), Error> {
    let Some(limits) = snapshot.limits.of(x.route, x.tenant) else { return Ok(()) };
    let route = x.route.and_then(|route| snapshot.routes.get(route));
    let facts = rate_limit::Facts {
        head,
        client: x.client.address,
        host,
        route: route.map_or("", |route| &route.name),
        tenant: x.tenant(),
    };
    match limits.admit(&limit::Asking { facts, now: x.started, worker: x.connection.worker.id }) {
        Ok(admitted) => {
            x.limit = admitted.would_refuse.clone();
            x.admitted = admitted;
            Ok(())
        }
        Err(over) => {
            x.limit = Some(Arc::clone(&over.limit));
            Err(Error::OverLimit(over))
        }
    }
}

/// The WAF's policy for this tenant's requests of this route on this listener.
fn waf(x: &Exchange, snapshot: &Held) -> Option<Arc<Policy>> {
    let listener = snapshot.position(&x.connection.listener)?;
    snapshot.waf.policy(x.route?, x.tenant, listener).cloned()
}

/// What the lists of the admin server leave of that: whoever is allowed, there or by the WAF's list, is denied by neither.
fn listed(
    x: &Exchange,
    snapshot: &Held,
    policy: Option<Arc<Policy>>,
) -> Result<Option<Arc<Policy>>, Error> {
    let client = x.client.address;
    match snapshot.lists.find(client) {
        None => Ok(policy),
        Some(List::Allow) => Ok(None),
        Some(List::Deny) if policy.as_ref().is_some_and(|policy| policy.allows(client)) => {
            Ok(policy)
        }
        Some(List::Deny) => Err(Error::Listed),
    }
}

/// Deadline of the whole exchange: the route's, once there is one, or the listener's.
pub fn exchange_timeout(x: &Exchange) -> Duration {
    let listener = &x.connection.listener;
    let route = x.route.and_then(|route| x.snapshot.routes.get(route));
    route.map_or(listener.config.timeouts.request.0, |route| route.exchange_timeout(listener))
}

fn find<'s>(
    x: &mut Exchange,
    snapshot: &'s Held,
    head: &RequestHead,
    host: &[u8],
) -> Result<&'s Route, Error> {
    let listener = snapshot.listener_id(&x.connection.listener);
    let found = snapshot.table.find(listener, head, host);
    let readings = other_readings(head.target.path());
    if !readings.is_empty() {
        let mut other = head.clone();
        for reading in readings {
            other.target = head.target.with_path(&reading);
            if snapshot.table.find(listener, &other, host) != found {
                return Err(Error::Malformed(
                    "path that leads to another route if its origin resolves it",
                ));
            }
        }
    }
    let Found { route, .. } = found.ok_or(Error::NoRoute)?;
    x.route = Some(route);
    snapshot.routes.get(route).ok_or(Error::NoRoute)
}

/// Host without port, in lower case; copied only if that changes it.
fn normal_host(authority: &Bytes) -> Cow<'_, [u8]> {
    let (host, _) = parse::split_port(authority);
    if host.iter().any(u8::is_ascii_uppercase) {
        host.to_ascii_lowercase().into()
    } else {
        host.into()
    }
}

/// Holds the body to its limit and its pace, and counts it.
fn bound(x: &mut Exchange, route: &Route, body: Body) -> Result<Body, Error> {
    if body.is_empty() {
        return Ok(body);
    }
    let config = &x.connection.listener.config;
    let bytes_max = route.body_bytes_max.unwrap_or(config.limits.body_bytes.0);
    if body.exact_len().is_some_and(|length| length > bytes_max) {
        return Err(Error::BodyTooLarge);
    }
    let received = Arc::new(Received::default());
    x.received = Some(Arc::clone(&received));
    Ok(Body::stream(Inbound::new(body, bytes_max, &config.timeouts.body, received)))
}

fn redirect(
    route: &Route,
    status: StatusCode,
    location: Option<HeaderValue>,
) -> Result<Reply, Error> {
    let location = location.ok_or(Error::Malformed("no host to redirect to"))?;
    let mut reply = reply::redirect(status, location);
    route.response_headers.apply(&mut reply.head.headers);
    Ok(reply)
}

/// Makes the head that the upstream sees.
fn prepare(x: &mut Exchange, route: &Route, head: &mut RequestHead) {
    let worker = &x.connection.worker;
    hop_by_hop::strip_request(&mut head.headers);
    let facts = ClientFacts {
        peer: x.connection.peer.ip(),
        peer_trusted: x.client.peer_trusted,
        scheme: if x.connection.tls.is_some() { Scheme::Https } else { Scheme::Http },
        host: &head.authority.clone(),
    };
    let identity = forwarded::apply(head, &facts, &Ids { fresh: worker.chance_128(), span: None });
    x.request_id = Some(identity.request_id);
    x.trace_id = identity.trace_id;
    route.request_headers.apply(&mut head.headers);
    if x.waf.as_ref().is_some_and(|inspection| inspection.wants_response()) {
        // Rules read answers as they are, not encoded.
        head.headers.remove(ACCEPT_ENCODING);
    }
    if let Some(rewrite) = &route.rewrite {
        head.target = rewrite.apply(&head.target);
    }
    if let Some(host) = &route.rewrite_host {
        head.authority = host.clone();
    }
    if !route.upgrade {
        head.upgrade = None;
    } else if head.version == Version::HTTP_2
        && head.upgrade.as_deref().is_some_and(|protocol| protocol == b"websocket")
    {
        upgrade::complete_websocket_handshake(&mut head.headers, worker.chance_128().to_be_bytes());
    }
}

/// Picks the colour.
fn choose(x: &mut Exchange, rollout: &Rollout, head: &RequestHead) -> Colour {
    let key = rollout.sticky.value(head, x.client.address);
    let by_hand = rollout.choice.as_ref().and_then(|choice| choice.colour(head, &x.client));
    let colour = by_hand.unwrap_or_else(|| {
        split::colour(rollout.id, key.as_bytes(), rollout.learned.green_share())
    });
    x.colour = Some(colour);
    colour
}

/// What the mirror has to know: like the split, the shadow's balance reads the request as the client sent it.
fn primary<'c>(
    x: &Exchange,
    rollout: &Rollout,
    (cluster, hash): (&'c Arc<Cluster>, Option<u64>),
    route: &'c Route,
    head: &RequestHead,
) -> Primary<'c> {
    let shadow = rollout.mirror.as_ref().map(|mirror| &mirror.to);
    let shadow_hash = shadow.and_then(|shadow| shadow.balance_key(head, x.client.address));
    let worker = &x.connection.worker;
    let (route, chance) = (&route.name, worker.chance());
    Primary { worker: worker.id, route, cluster, hash, shadow_hash, chance }
}

/// Starts a copy to the shadow, if this request is among those to copy.
fn mirror(
    x: &mut Exchange,
    rollout: &Rollout,
    primary: Primary<'_>,
    request: upstream::Request,
) -> upstream::Request {
    let Some(mirror) = &rollout.mirror else { return request };
    if !mirror.takes(x.connection.worker.chance()) {
        return request;
    }
    if !x.snapshot.overload.takes_copies() {
        mirror.skip(x.connection.worker.id, Reason::Overload);
        return request;
    }
    let upstream::Request { head, body } = request;
    let Copied { body, sent, expected } = mirror.copy(primary, &head, body);
    (x.mirrored, x.expected) = (sent, expected);
    upstream::Request { head, body }
}

async fn forward(
    x: &mut Exchange,
    route: &Route,
    cluster: &Arc<Cluster>,
    hash: Option<u64>,
    mut request: upstream::Request,
    interim: Option<&dyn Informational>,
) -> Result<Reply, Error> {
    let way = send::Way { route, cluster, hash, interim, since: clock::now() };
    let response = send::send(x, way, &mut request).await?;
    Ok(relay(route, &request.head.method, response))
}

/// Shows the answer to the comparison with the shadow's, where there is one, as the upstream gave it.
fn compared(x: &mut Exchange, response: upstream::Response) -> upstream::Response {
    // What the other colour has answered is not what the copy was made of.
    match x.expected.take().filter(|_| x.rescued_from.is_none()) {
        None => response,
        Some(expected) => expected.watch(response, x.upstream.first_byte.unwrap_or_default()),
    }
}

/// Makes the head that the client sees.
fn relay(route: &Route, method: &Method, response: upstream::Response) -> Reply {
    let upstream::Response { mut head, body, tunnel } = response;
    let upgrade = head.headers.get(UPGRADE).filter(|_| tunnel.is_some()).cloned();
    hop_by_hop::strip_response(&mut head.headers);
    if let Some(upgrade) = upgrade {
        // Of a switch of protocols, these two are what the client has to see.
        head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        head.headers.insert(UPGRADE, upgrade);
    }
    let length = head.headers.remove(CONTENT_LENGTH);
    let bodiless = method == Method::HEAD || head.status == StatusCode::NOT_MODIFIED;
    if !head.headers.contains_key(DATE) {
        // RFC 9110, 6.6.1: a recipient with a clock adds it.
        head.headers.insert(DATE, reply::date());
    }
    route.response_headers.apply(&mut head.headers);
    Reply { head, body, tunnel, announced_length: length.filter(|_| bodiless) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_without_port_and_case() {
        for (authority, host) in
            [("A.test:80", "a.test"), ("a.test", "a.test"), ("[::1]:80", "[::1]")]
        {
            assert_eq!(&*normal_host(&Bytes::from(authority)), host.as_bytes());
        }
    }
}
