//! What is configured for an exchange: `[waf]`, then the listener, then the tenant, then the route.

use std::collections::BTreeSet;

use foxtrot_waf::Mode;

use super::exclusion::Layer;
use crate::config::{self, AttackClass, OverBudget, OverLimit, WafMode};

/// What is configured. Where two routes have the same, they share a policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Settings {
    pub mode: WafMode,
    /// Share of clients for whom `enforce` holds, in hundredths of a percent.
    pub enforce: u16,
    pub paranoia: Option<u8>,
    pub inbound_threshold: Option<u32>,
    pub outbound_threshold: Option<u32>,
    pub early_blocking: Option<bool>,
    pub responses: bool,
    pub over_budget: OverBudget,
    pub over_limit: OverLimit,
    /// Numbers of the exclusions, the most general first.
    pub exclusions: Vec<usize>,
    pub required: BTreeSet<AttackClass>,
}

impl Settings {
    /// What `[waf]` says; `exclusions` are the numbers of its own.
    pub fn of(written: &config::Waf, exclusions: Vec<usize>) -> Self {
        Self {
            mode: written.mode,
            enforce: written.enforce_percent.basis_points(),
            paranoia: written.paranoia,
            inbound_threshold: written.inbound_threshold,
            outbound_threshold: written.outbound_threshold,
            early_blocking: written.early_blocking,
            responses: written.responses,
            over_budget: written.over_budget,
            over_limit: written.request_body.over,
            exclusions,
            required: written.require_classes.clone(),
        }
    }

    /// These, with what a listener, tenant or route has otherwise.
    pub fn with(&self, layer: &Layer<'_>) -> Self {
        let overlay = layer.overlay;
        let required = overlay.require_classes.as_ref().unwrap_or(&self.required);
        Self {
            mode: overlay.mode.unwrap_or(self.mode),
            enforce: overlay.enforce_percent.map_or(self.enforce, |share| share.basis_points()),
            paranoia: overlay.paranoia.or(self.paranoia),
            inbound_threshold: overlay.inbound_threshold.or(self.inbound_threshold),
            outbound_threshold: overlay.outbound_threshold.or(self.outbound_threshold),
            early_blocking: overlay.early_blocking.or(self.early_blocking),
            responses: overlay.responses.unwrap_or(self.responses),
            over_budget: overlay.over_budget.unwrap_or(self.over_budget),
            over_limit: overlay.over_limit.unwrap_or(self.over_limit),
            exclusions: [&self.exclusions[..], &layer.exclusions].concat(),
            required: required.clone(),
        }
    }

    /// These, without what their mode leaves without effect: what comes to the same is one policy.
    pub fn essential(self) -> Self {
        match self.mode {
            WafMode::Off => Self {
                mode: WafMode::Off,
                required: self.required,
                ..Self::of(&config::Waf::default(), Vec::new())
            },
            WafMode::Detect => Self { enforce: 10_000, ..self },
            WafMode::Enforce => self,
        }
    }

    /// The engine's mode for a client.
    pub fn mode_for(&self, enforced: bool) -> Mode {
        match self.mode {
            WafMode::Off => Mode::Off,
            WafMode::Enforce if enforced => Mode::On,
            WafMode::Detect | WafMode::Enforce => Mode::DetectionOnly,
        }
    }

    /// Members of `TX` that the settings give, with the keys that say so.
    pub fn pins(&self) -> Vec<(&'static str, &'static [&'static str], i64)> {
        let number = |value: Option<u32>| value.map(i64::from);
        let rows: [(&str, &[&str], Option<i64>); 4] = [
            ("paranoia", PARANOIA, self.paranoia.map(i64::from)),
            ("inbound_threshold", INBOUND, number(self.inbound_threshold)),
            ("outbound_threshold", OUTBOUND, number(self.outbound_threshold)),
            ("early_blocking", EARLY, self.early_blocking.map(i64::from)),
        ];
        rows.into_iter().filter_map(|(key, names, value)| Some((key, names, value?))).collect()
    }
}

const PARANOIA: &[&str] =
    &["blocking_paranoia_level", "detection_paranoia_level", "paranoia_level"];
const INBOUND: &[&str] = &["inbound_anomaly_score_threshold"];
const OUTBOUND: &[&str] = &["outbound_anomaly_score_threshold"];
const EARLY: &[&str] = &["early_blocking"];
