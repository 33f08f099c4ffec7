//! Which path is which, and what stands before all of them.

use std::{sync::Arc, time::Duration};

use axum::{
    BoxError, Json, Router,
    error_handling::HandleErrorLayer,
    extract::DefaultBodyLimit,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use foxtrot_api::ApiError;
use tower::{ServiceBuilder, limit::GlobalConcurrencyLimitLayer, load_shed::error::Overloaded};

use super::{Operations, TokenSource, config, dashboard, guard, lists, rollouts, shadow, status};
use crate::{config::Cidr, filter::live_lists::Unlisted, rollout::plan::Refused};

/// Every endpoint, as an unknown path is told.
pub(super) const ENDPOINTS: [&str; 25] = [
    "GET /",
    "GET /livez",
    "GET /readyz",
    "GET /metrics",
    "GET /status",
    "GET /config",
    "GET /config/history",
    "GET /config/diff?from=N&to=N",
    "GET /clusters",
    "GET /rollouts",
    "POST /rollouts/NAME/start?hold=BOOL",
    "POST /rollouts/NAME/step?force=BOOL",
    "POST /rollouts/NAME/pause",
    "POST /rollouts/NAME/promote?force=BOOL",
    "POST /rollouts/NAME/rollback",
    "GET /events?after=NUMBER&limit=COUNT",
    "GET /rollouts/NAME/diff",
    "DELETE /rollouts/NAME/diff",
    "GET /rollouts/NAME/parity",
    "GET /waf",
    "GET /lists",
    "POST /lists",
    "DELETE /lists?list=NAME&block=BLOCK",
    "POST /reload",
    "POST /config/rollback?generation=N",
];

/// Calls in flight, probes aside; more are shed.
pub(super) const CALLS_MAX: usize = 32;

/// A whole call. The slowest is a reload that reads many files.
const CALL_TIME_MAX: Duration = Duration::from_secs(30);

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No token, or a wrong one.
    Unauthorized,
    /// A Host that could be a rebound name.
    Host,
    /// A page of another site.
    Origin,
    /// A body.
    TooLarge,
    /// A query or a body that is not as it should be.
    Input(String),
    /// A block that is not on this list.
    NotListed(Cidr, &'static str),
    /// A block that may not be on any.
    Unlisted(Unlisted),
    /// No such rollout; those that there are.
    NoRollout(String, Vec<String>),
    /// A rollout of which that cannot be asked now.
    NotNow(String, Refused),
    /// A generation that is not kept.
    NoGeneration,
    /// No such rollout, or none that compares.
    NoComparison(String),
    /// No such path.
    NoEndpoint(String),
    /// Not with this method.
    Method(Method, String),
    /// Too many calls at once.
    Overloaded,
    /// The call took too long.
    Timeout,
}

/// Everything that the server answers.
pub(super) fn router<O: Operations>(ops: Arc<O>, token: TokenSource) -> Router {
    let limits = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async |error: BoxError| refuse(&from_layers(&error))))
        .load_shed()
        .layer(GlobalConcurrencyLimitLayer::new(CALLS_MAX))
        .timeout(CALL_TIME_MAX);
    Router::new()
        .route("/", get(dashboard::page))
        .route("/metrics", get(status::metrics::<O>))
        .route("/status", get(status::status::<O>))
        .route("/clusters", get(status::clusters::<O>))
        .route("/rollouts", get(status::rollouts::<O>))
        .route("/rollouts/{name}/start", post(rollouts::start::<O>))
        .route("/rollouts/{name}/step", post(rollouts::step::<O>))
        .route("/rollouts/{name}/pause", post(rollouts::pause::<O>))
        .route("/rollouts/{name}/promote", post(rollouts::promote::<O>))
        .route("/rollouts/{name}/rollback", post(rollouts::rollback::<O>))
        .route("/events", get(rollouts::events::<O>))
        .route("/rollouts/{name}/parity", get(shadow::parity::<O>))
        .route("/rollouts/{name}/diff", get(shadow::diff::<O>).delete(shadow::forget::<O>))
        .route("/waf", get(status::waf::<O>))
        .route("/config", get(config::config::<O>))
        .route("/config/history", get(config::history::<O>))
        .route("/config/diff", get(config::diff::<O>))
        .route("/config/rollback", post(config::rollback::<O>))
        .route("/reload", post(config::reload::<O>))
        .route("/lists", get(lists::show::<O>).post(lists::add::<O>).delete(lists::remove::<O>))
        .layer(DefaultBodyLimit::max(guard::BODY_BYTES_MAX as usize))
        .layer(limits)
        // Probes pass by the limits: a busy admin server is no reason to restart the proxy.
        .route("/livez", get(status::livez))
        .route("/readyz", get(status::readyz::<O>))
        .fallback(async |uri: Uri| refuse(&Refusal::NoEndpoint(uri.path().to_owned())))
        .method_not_allowed_fallback(async |method: Method, uri: Uri| {
            refuse(&Refusal::Method(method, uri.path().to_owned()))
        })
        .layer(middleware::from_fn_with_state(token, guard::guard))
        .layer(middleware::map_response(with_headers))
        .with_state(ops)
}

/// The answer to a call that is refused.
pub(super) fn refuse(refusal: &Refusal) -> Response {
    let mut rsp = (refusal.status(), Json(refusal.body())).into_response();
    match refusal {
        Refusal::Unauthorized => {
            for challenge in ["Bearer realm=\"foxtrot admin\"", "Basic realm=\"foxtrot admin\""] {
                let challenge = HeaderValue::from_static(challenge);
                rsp.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
            }
        }
        Refusal::Overloaded => {
            rsp.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    rsp
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Input(_) | Self::Unlisted(Unlisted::Everybody(_)) => StatusCode::BAD_REQUEST,
            Self::NoGeneration
            | Self::NoRollout(..)
            | Self::NoComparison(_)
            | Self::NoEndpoint(_)
            | Self::NotListed(..) => StatusCode::NOT_FOUND,
            Self::NotNow(..) => StatusCode::CONFLICT,
            Self::Method(..) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Overloaded | Self::Unlisted(Unlisted::Full(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn body(&self) -> ApiError {
        let mut body = ApiError::new(match self {
            Self::Unauthorized => "needs the header \"Authorization: Bearer TOKEN\" with the token of [admin], or the token as password".to_owned(),
            Self::Host => "without a token the host must be an address or localhost; ask by address, or configure [admin] token".to_owned(),
            Self::Origin => "pages of other origins may not change anything here".to_owned(),
            Self::TooLarge => "no call needs a body of this size".to_owned(),
            Self::Input(why) => why.clone(),
            Self::NotListed(block, list) => format!("{block} is not on {list}; GET /lists shows what is"),
            Self::Unlisted(why) => why.to_string(),
            Self::NoRollout(name, known) if known.is_empty() => format!("no rollout `{name}`: the configuration has none"),
            Self::NoRollout(name, known) => format!("no rollout `{name}`; there is {}", known.join(", ")),
            Self::NotNow(name, why) => format!("rollout `{name}`: {why}"),
            Self::NoGeneration => "that generation is not kept; GET /config/history lists those that are".to_owned(),
            Self::NoComparison(name) => format!("no rollout `{name}` that compares; it needs `mirror` and `compare`"),
            Self::NoEndpoint(path) => format!("nothing is at {path}"),
            Self::Method(method, path) => format!("{path} does not take {method}"),
            Self::Overloaded => "too many calls at once; come back later".to_owned(),
            Self::Timeout => format!("took longer than {} s and may still go on; see GET /status", CALL_TIME_MAX.as_secs()),
        });
        if matches!(self, Self::NoEndpoint(_) | Self::Method(..)) {
            body.endpoints = ENDPOINTS.map(str::to_owned).into();
        }
        body
    }
}

/// The layers fail in two ways: shed, or timed out.
fn from_layers(error: &BoxError) -> Refusal {
    if error.is::<Overloaded>() { Refusal::Overloaded } else { Refusal::Timeout }
}

/// What is true now may not be in a second; and nothing here is anything but what it says it is.
async fn with_headers(mut rsp: Response) -> Response {
    let headers = rsp.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    rsp
}
