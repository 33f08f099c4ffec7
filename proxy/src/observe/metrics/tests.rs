use std::collections::BTreeMap;

use prometheus::proto::MetricType;

use super::*;

fn labels(route: &str, colour: Option<Colour>) -> RequestLabels {
    RequestLabels {
        listener: "web".to_owned(),
        route: route.to_owned(),
        cluster: "c".to_owned(),
        colour,
    }
}

/// Metrics of which each has a series, and the gauges' handles.
fn touched() -> (Metrics, impl Sized) {
    let metrics = Metrics::new(2);
    let request = metrics.request(&labels("r", Some(Colour::Green)));
    request.record(0, CodeClass::Success, Duration::from_millis(2));
    request.record(1, CodeClass::None, Duration::from_secs(90));
    metrics.refused("shed").inc(0);
    metrics.retries("c").inc(0);
    metrics.mirrors("sent", "").inc(0);
    metrics.mirror_bytes().add(0, 5);
    metrics.shadow_compared("skipped", "size").inc(0);
    metrics.shadow_diffs("json").inc(0);
    metrics.rescued("g", "answered").inc(0);
    metrics.limit_requests("l", "passed").inc(0);
    metrics.limit_shared("l").inc(0);
    metrics.limit_bytes("l").inc(0);
    metrics.limit_waits("l").inc(0);
    metrics.limit_store("l", "reported").inc(0);
    let keys = (metrics.limit_keys("l"), metrics.limit_degraded("l"));
    metrics.overload_shed("process", "bulk", "memory").inc(0);
    let overload = (metrics.overload("process"), metrics.overload_pressure("memory"));
    metrics.connections_total("web").inc(0);
    metrics.connections_refused("web", "tls").inc(0);
    metrics.accept_errors("web").inc(0);
    metrics.h2_floods("web", "ping").inc(0);
    metrics.list_entries("deny").set(1.0);
    metrics.config_generation().set(3.0);
    metrics.config_reloads("ok").inc(0);
    metrics.access_log_lines("written").inc(0);
    metrics.waf_requests("pass").inc(0);
    metrics.waf_rule_hits("1", "log").inc(0);
    metrics.waf_audit_records("written").inc(0);
    let classes = metrics.waf_posture_classes("web", "t", "r", "open");
    classes.set(2.0);
    let weight = metrics.rollout_weight("g", Colour::Blue);
    let phase = metrics.rollout_phase("g");
    phase.set("steps");
    weight.set(99.75);
    let endpoint = metrics.endpoint_state("c", "10.0.0.1:80");
    endpoint.set("ejected");
    let connections = metrics.connections("web");
    connections.add(1, 1);
    (metrics, (weight, phase, endpoint, connections, classes, keys, overload))
}

#[test]
fn every_metric_is_rendered_as_defined() {
    let (metrics, _handles) = touched();
    let text = metrics.render().unwrap();
    let types: BTreeMap<_, _> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let defined = data::ALL.iter().map(|metric| (metric.name, kind(metric.kind)));
    assert_eq!(types, defined.collect());
}

#[test]
fn values_are_summed_over_workers() {
    let (metrics, _handles) = touched();
    let text = metrics.render().unwrap();
    for line in [
        r#"foxtrot_requests_total{listener="web",route="r",cluster="c",colour="green",code_class="2xx"} 1"#,
        r#"foxtrot_requests_total{listener="web",route="r",cluster="c",colour="green",code_class="none"} 1"#,
        r#"foxtrot_requests_total{listener="web",route="r",cluster="c",colour="green",code_class="5xx"} 0"#,
        r#"foxtrot_request_duration_seconds_bucket{route="r",cluster="c",le="0.001"} 0"#,
        r#"foxtrot_request_duration_seconds_bucket{route="r",cluster="c",le="0.002"} 1"#,
        r#"foxtrot_request_duration_seconds_bucket{route="r",cluster="c",le="60"} 1"#,
        r#"foxtrot_request_duration_seconds_bucket{route="r",cluster="c",le="+Inf"} 2"#,
        r#"foxtrot_request_duration_seconds_sum{route="r",cluster="c"} 90.002"#,
        r#"foxtrot_request_duration_seconds_count{route="r",cluster="c"} 2"#,
        r#"foxtrot_rollout_weight{rollout="g",colour="blue"} 99.75"#,
        r#"foxtrot_upstream_endpoint_state{cluster="c",endpoint="10.0.0.1:80",state="ejected"} 1"#,
        r#"foxtrot_upstream_endpoint_state{cluster="c",endpoint="10.0.0.1:80",state="healthy"} 0"#,
        r#"foxtrot_connections{listener="web"} 1"#,
        r#"foxtrot_config_generation 3"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn counters_survive_their_handles_and_gauges_do_not() {
    let (metrics, handles) = touched();
    drop(handles);
    let text = metrics.render().unwrap();
    assert!(text.contains("foxtrot_retries_total"));
    assert!(!text.contains("foxtrot_upstream_endpoint_state"));
    let again = metrics.request(&labels("r", Some(Colour::Green)));
    again.record(0, CodeClass::Success, Duration::ZERO);
    let text = metrics.render().unwrap();
    assert!(text.contains(r#"code_class="2xx"} 2"#), "{text}");
}

#[test]
fn label_values_are_escaped() {
    let metrics = Metrics::new(1);
    metrics.retries("a\"b\\c\nd").inc(0);
    assert!(metrics.render().unwrap().contains(r#"{cluster="a\"b\\c\nd"} 1"#));
}

#[test]
fn the_documentation_and_the_code_agree() {
    let text = include_str!("../../../../docs/metrics.md");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| `foxtrot_") || line.starts_with("| `process_"));
    let documented: BTreeMap<_, _> = rows.map(row).collect();
    let defined = data::ALL.iter().map(|metric| {
        let labels = metric.labels.iter().map(|&label| label.to_owned()).collect();
        (metric.name.to_owned(), (kind(metric.kind).to_owned(), labels))
    });
    assert_eq!(documented, defined.collect());
}

/// `| name | kind | labels | meaning |`
fn row(line: &str) -> (String, (String, Vec<String>)) {
    let mut cells = line.trim_matches('|').split('|').map(str::trim);
    let name = cells.next().unwrap().trim_matches('`').to_owned();
    let kind = cells.next().unwrap().to_owned();
    let labels = cells.next().unwrap().split(',').map(|label| label.trim().trim_matches('`'));
    let labels = labels.filter(|label| !label.is_empty()).map(str::to_owned).collect();
    (name, (kind, labels))
}

fn kind(kind: MetricType) -> &'static str {
    match kind {
        MetricType::COUNTER => "counter",
        MetricType::HISTOGRAM => "histogram",
        _ => "gauge",
    }
}
