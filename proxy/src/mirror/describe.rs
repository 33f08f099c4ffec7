//! What comparisons have come to, as the admin API says it.

use std::time::Duration;

use foxtrot_api::{
    ShadowAnswer, ShadowCluster, ShadowDiff, ShadowLatency, ShadowMask, ShadowOpinion,
    ShadowSample, ShadowSkip,
};

use super::{
    compare::{
        Ledger, Skip, Terms,
        cluster::{Cluster, Key},
        curl,
        latency::Latency,
        noise::Mask,
        sample::{Excerpt, Sample},
    },
    pairing::Comparison,
};
use crate::rollout::Opinion;

impl Comparison {
    /// What the comparisons of the rollout `name` have come to.
    pub fn describe(&self, name: &str) -> ShadowDiff {
        // Workers wait for the ledger: command lines are made when it is free again.
        let (mut diff, clusters) = self.with_ledger(|ledger| {
            let clusters = ledger.clusters.by_count().into_iter();
            let clusters = clusters.map(|(key, found)| (key.clone(), found.clone()));
            (counts(name, &self.terms, ledger), clusters.collect::<Vec<_>>())
        });
        let told = clusters.iter().map(|(key, found)| cluster(&self.terms, key, found));
        diff.clusters = told.collect();
        diff
    }
}

fn counts(name: &str, terms: &Terms, ledger: &Ledger) -> ShadowDiff {
    let skips = Skip::ALL.iter().zip(ledger.skipped).filter(|(_, count)| *count > 0);
    ShadowDiff {
        rollout: name.to_owned(),
        compared: ledger.compared(),
        equal: ledger.equal,
        different: ledger.different,
        failing: ledger.failing,
        assert: terms.assert.iter().map(|aspect| aspect.as_str().to_owned()).collect(),
        opinion: opinion(ledger.opinion(terms)),
        skipped: skips
            .map(|(skip, count)| ShadowSkip { reason: skip.as_str().to_owned(), count })
            .collect(),
        latency: latency(&ledger.latency),
        masked: ledger.noise.masks().into_iter().map(mask).collect(),
        clusters: Vec::new(),
        clusters_dropped: ledger.clusters.dropped,
        masks_dropped: ledger.noise.dropped,
    }
}

fn opinion(opinion: Opinion) -> ShadowOpinion {
    match opinion {
        Opinion::Go => ShadowOpinion::Go,
        Opinion::Hold(why) => ShadowOpinion::Hold(why),
        Opinion::Stop(why) => ShadowOpinion::Stop(why),
    }
}

fn latency(latency: &Latency) -> Option<ShadowLatency> {
    let [primary, shadow] = latency.means()?.map(|mean| mean.as_secs_f64() * 1000.0);
    let (pairs, ratio) = (latency.pairs(), latency.ratio()?);
    Some(ShadowLatency { pairs, primary_ms: primary, shadow_ms: shadow, ratio })
}

fn mask(mask: Mask) -> ShadowMask {
    ShadowMask {
        route: mask.route.to_string(),
        kind: mask.aspect.as_str().to_owned(),
        change: mask.change.as_str().to_owned(),
        place: mask.place,
        differed: mask.differed,
        seen: mask.seen,
        hidden: mask.hidden,
    }
}

fn cluster(terms: &Terms, key: &Key, cluster: &Cluster) -> ShadowCluster {
    // Milliseconds fit for half a billion years.
    let ms = |time: Duration| time.as_millis() as u64;
    ShadowCluster {
        route: key.route.to_string(),
        kind: key.aspect.as_str().to_owned(),
        change: key.change.as_str().to_owned(),
        place: key.place.clone(),
        asserted: terms.assert.contains(&key.aspect),
        count: cluster.count,
        first: ms(cluster.first),
        last: ms(cluster.last),
        primary: cluster.primary.clone(),
        shadow: cluster.shadow.clone(),
        sample: sample(&cluster.sample),
    }
}

fn sample(sample: &Sample) -> ShadowSample {
    ShadowSample {
        curl: curl::line(sample),
        primary: answer(&sample.primary),
        shadow: sample.shadow.as_ref().map(answer),
    }
}

fn answer(excerpt: &Excerpt) -> ShadowAnswer {
    ShadowAnswer {
        status: excerpt.status,
        content_type: excerpt.content_type.clone(),
        body: excerpt.body.clone(),
    }
}
