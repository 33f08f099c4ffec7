//! From numbers to the text format of Prometheus.

use prometheus::{
    TextEncoder,
    proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType},
};

use super::{
    metrics_data::Definition,
    shards::{HistogramSnapshot, UPPER_BOUNDS_US},
};

/// Metrics that are being written down.
#[derive(Default)]
pub(super) struct Exposition {
    families: Vec<MetricFamily>,
}

impl Exposition {
    /// Writes a counter or gauge without labels.
    pub(super) fn one(&mut self, definition: &Definition, value: f64) {
        self.numbers::<&str>(definition, [(vec![], value)]);
    }

    /// Writes the series of a counter or gauge.
    pub(super) fn numbers<L: AsRef<str>>(
        &mut self,
        definition: &Definition,
        series: impl IntoIterator<Item = (Vec<L>, f64)>,
    ) {
        let metrics = series.into_iter().map(|(labels, value)| {
            let mut metric = Metric::from_label(pairs(definition, &labels));
            if definition.kind == MetricType::COUNTER {
                let mut counter = Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            } else {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
            metric
        });
        self.family(definition, metrics.collect());
    }

    /// Writes the series of a histogram.
    pub(super) fn histograms<L: AsRef<str>>(
        &mut self,
        definition: &Definition,
        series: impl IntoIterator<Item = (Vec<L>, HistogramSnapshot)>,
    ) {
        let metrics = series.into_iter().map(|(labels, snapshot)| {
            let mut metric = Metric::from_label(pairs(definition, &labels));
            metric.set_histogram(histogram(&snapshot));
            metric
        });
        self.family(definition, metrics.collect());
    }

    /// The text, and the content type that it is served with.
    pub(super) fn encode(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.families)
    }

    fn family(&mut self, definition: &Definition, metrics: Vec<Metric>) {
        // The encoder takes a family without series for a mistake.
        if metrics.is_empty() {
            return;
        }
        let mut family = MetricFamily::default();
        family.set_name(definition.name.to_owned());
        family.set_help(definition.help.to_owned());
        family.set_field_type(definition.kind);
        family.set_metric(metrics);
        self.families.push(family);
    }
}

fn pairs<L: AsRef<str>>(definition: &Definition, values: &[L]) -> Vec<LabelPair> {
    debug_assert_eq!(definition.labels.len(), values.len(), "labels of {}", definition.name);
    let pairs = definition.labels.iter().zip(values).map(|(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value(value.as_ref().to_owned());
        pair
    });
    pairs.collect()
}

fn histogram(snapshot: &HistogramSnapshot) -> Histogram {
    let mut cumulative = 0;
    let buckets = UPPER_BOUNDS_US.iter().zip(&snapshot.counts).map(|(&bound, &count)| {
        cumulative += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound as f64 / 1e6);
        bucket.set_cumulative_count(cumulative);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(snapshot.counts.iter().sum());
    histogram.set_sample_sum(snapshot.sum_us as f64 / 1e6);
    histogram
}
