//! `[tenants.NAME]`: whose traffic is whose, and what holds for it otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::waf::WafOverlay;

/// Somebody whose traffic is told apart from that of others. It needs `hosts` or `header`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tenant {
    /// Its hosts, without port: exact, or `"*.example.com"` for every name below it. Of several, the most specific holds.
    pub hosts: Vec<String>,
    /// The header field that says so, where no host does. A client can write it: let something before us set it.
    pub header: Option<TenantHeader>,
    /// Limits that its requests must keep, by name, besides those of the route.
    pub limits: Vec<String>,
    /// Class of its requests, by name, on routes that name none.
    pub class: Option<String>,
    /// What the WAF does otherwise than `[waf]` and the listener say, for routes that say nothing.
    pub waf: WafOverlay,
}

/// A header field that names a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantHeader {
    /// Name of the field.
    pub name: String,
    /// Its value, to the letter.
    pub value: String,
}
