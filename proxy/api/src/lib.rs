//! What the admin API says, as serde types: the server writes them, `foxctl` and the tests read them.
//!
//! Fields are only ever added.

pub mod clusters;
pub mod config;
pub mod error;
pub mod events;
pub mod lists;
pub mod rollouts;
pub mod stamp;
pub mod status;
pub mod waf;

pub use clusters::{ClusterStatus, EndpointState, EndpointStatus};
pub use config::{
    Cause, ConfigDiff, ConfigText, Generation, LocatedError, ReloadOutcome, ReloadResult,
};
pub use error::ApiError;
pub use events::{Chain, ChainBreak, Event, EventKind, Hash, Record};
pub use lists::{ListChange, ListEntry, ListName};
pub use rollouts::{RolloutStatus, Shares};
pub use stamp::Stamp;
pub use status::{
    AccessLogStatus, CertificateStatus, LastReload, LimitStatus, LimitStoreState, LimitStoreStatus,
    ListenerStatus, Status, TlsStatus,
};
pub use waf::{
    WafAuditStatus, WafCause, WafClass, WafClassState, WafExclusionStatus, WafFinding, WafLists,
    WafOpening, WafPolicy, WafPosture, WafRules, WafRulesOrigin, WafSeverity, WafStatus,
};
