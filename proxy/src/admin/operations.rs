//! What the admin server can ask of the process.

use std::time::Duration;

use foxtrot_api::{
    ClusterStatus, ConfigText, Generation, Parity, ReloadResult, RolloutChange, RolloutStatus,
    ShadowDiff, Status, WafStatus,
};

use crate::{
    config::Cidr,
    filter::live_lists::{Entry, List, Unlisted},
    rollout::{drive::Unmoved, plan::Command},
};

/// What the admin server can ask of the process.
///
/// Futures may be dropped before they end, when a caller leaves or has waited long enough: work that must not stop half way
/// belongs in a task of its own.
pub trait Operations: Send + Sync + 'static {
    /// Whether traffic is wanted. Waits for nothing, because probes do not.
    fn ready(&self) -> bool;

    /// The process at a glance.
    fn status(&self) -> impl Future<Output = Status> + Send;

    /// All metrics in the text format of Prometheus, version 0.0.4.
    fn metrics_text(&self) -> impl Future<Output = String> + Send;

    /// The configuration in force.
    fn config_text(&self) -> impl Future<Output = ConfigText> + Send;

    /// The generations that are kept, oldest first; the last is in force.
    fn history(&self) -> impl Future<Output = Vec<Generation>> + Send;

    /// Unified diff between two generations; `None` where one of them is not kept.
    fn diff(&self, from: u64, to: u64) -> impl Future<Output = Option<String>> + Send;

    /// Clusters and their endpoints, by name.
    fn clusters(&self) -> impl Future<Output = Vec<ClusterStatus>> + Send;

    /// The WAF: rules, policies, and what attacks would meet.
    fn waf(&self) -> impl Future<Output = WafStatus> + Send;

    /// Rollouts, by name.
    fn rollouts(&self) -> impl Future<Output = Vec<RolloutStatus>> + Send;

    /// Does what `caller` asks of a rollout. The shares are in force when this is ready.
    fn move_rollout(
        &self,
        name: &str,
        asked: Command,
        caller: String,
    ) -> impl Future<Output = Result<RolloutChange, Unmoved>> + Send;

    /// Lines of the event log with a number above `after`, at most `limit` of them.
    fn events(&self, after: u64, limit: usize) -> impl Future<Output = Vec<u8>> + Send;
    /// In what the shadow of a rollout differs; `None` where there is no such rollout, or nothing is compared.
    fn shadow_diff(&self, name: &str) -> impl Future<Output = Option<ShadowDiff>> + Send;

    /// Forgets that; what it was.
    fn forget_shadow_diff(&self, name: &str) -> impl Future<Output = Option<ShadowDiff>> + Send;

    /// Whether green is set up as blue is; `None` where there is no such rollout. Asks both for a document.
    fn parity(&self, name: &str) -> impl Future<Output = Option<Parity>> + Send;

    /// What is on the lists.
    fn lists(&self) -> impl Future<Output = Vec<Entry>> + Send;

    /// Puts a block on a list for some time.
    fn list(
        &self,
        list: List,
        block: Cidr,
        lasts: Duration,
        reason: String,
    ) -> impl Future<Output = Result<Entry, Unlisted>> + Send;

    /// Takes a block off a list; `None` where it is not on it.
    fn unlist(&self, list: List, block: Cidr) -> impl Future<Output = Option<Entry>> + Send;

    /// Loads the configuration again.
    fn reload(&self) -> impl Future<Output = ReloadResult> + Send;

    /// Puts the text of an earlier generation in force, as a new generation; `None` where it is not kept.
    fn rollback(&self, generation: u64) -> impl Future<Output = Option<ReloadResult>> + Send;
}
