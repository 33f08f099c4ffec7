//! What a comparison has to say of a rollout's next step.

use super::{Ledger, Terms};
use crate::{config::Aspect, rollout::Opinion};

impl Ledger {
    /// What these terms make of it. Failures that are too many for `min_requests` are too many at once: the others need not
    /// be waited for.
    pub fn opinion(&self, terms: &Terms) -> Opinion {
        let (compared, least) = (self.compared(), terms.requests_min);
        let allowed = u128::from(compared.max(least)) * u128::from(terms.tolerance) / 10_000;
        if u128::from(self.failing) > allowed {
            let failing = self.failing;
            return Opinion::Stop(format!("{failing} of {compared} compared requests differ"));
        }
        if compared < least {
            return Opinion::Hold(format!("{compared} of {least} requests compared"));
        }
        if terms.assert.contains(&Aspect::Latency) {
            return self.slowness(terms);
        }
        Opinion::Go
    }

    fn slowness(&self, terms: &Terms) -> Opinion {
        let (pairs, least, most) = (self.latency.pairs(), terms.requests_min, terms.latency_ratio);
        match self.latency.ratio() {
            Some(ratio) if pairs >= least && ratio > most => Opinion::Stop(format!(
                "first bytes take {ratio:.2} times as long, more than {most}"
            )),
            Some(_) if pairs >= least => Opinion::Go,
            _ => Opinion::Hold(format!("{pairs} of {least} times taken")),
        }
    }
}
