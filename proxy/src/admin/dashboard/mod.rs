//! `GET /`: one page, made of the same answers that anybody can ask for.

use axum::{
    http::header,
    response::{Html, IntoResponse},
};

/// The page. It loads nothing, and asks nobody but this server.
pub(super) async fn page() -> impl IntoResponse {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
        connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("index.html")))
}
