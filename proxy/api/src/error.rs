//! The body of every refusal of the admin server.

use serde::{Deserialize, Serialize};

/// A refusal. Its status says which kind; this says why and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ApiError {
    /// What is wrong, and the next step.
    pub error: String,
    /// With 404 and 405: what can be asked instead, as `"GET /status"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
}

impl ApiError {
    /// A refusal with a reason.
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), endpoints: Vec::new() }
    }
}
