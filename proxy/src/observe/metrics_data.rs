//! Every metric: name, kind, labels, meaning. `docs/metrics.md` says the same to operators, and a test compares the two.

use prometheus::proto::MetricType;

/// A metric.
#[derive(Debug)]
pub struct Definition {
    /// Name, prefix included.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: MetricType,
    /// Names of the labels. Their values come from the configuration or from this program, never from a client.
    pub labels: &'static [&'static str],
    /// Meaning, in one sentence.
    pub help: &'static str,
}

/// The states of `foxtrot_upstream_endpoint_state`.
pub const ENDPOINT_STATES: [&str; 4] = ["healthy", "unhealthy", "ejected", "unprobed"];

/// The phases of `foxtrot_rollout_phase`, in their order.
pub const ROLLOUT_PHASES: [&str; 9] =
    ["idle", "mirror", "compare", "prewarm", "steps", "full", "soak", "done", "rollback"];

/// The states of `foxtrot_waf_posture_classes`.
pub const POSTURE_STATES: [&str; 4] = ["blocked", "staged", "detected", "open"];

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal)*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Definition = Definition {
                name: $name,
                kind: MetricType::$kind,
                labels: &[$($label),*],
                help: $help,
            };
        )*
        /// All metrics.
        pub const ALL: &[Definition] = &[$($constant),*];
    };
}

metrics! {
    REQUESTS_TOTAL = COUNTER "foxtrot_requests_total"
        ["listener" "route" "cluster" "colour" "code_class"]
        "Requests that ended, by class of the status that the client got.";
    REQUEST_DURATION_SECONDS = HISTOGRAM "foxtrot_request_duration_seconds" ["route" "cluster"]
        "Time from the end of the request head to the last byte of the response.";
    REFUSED_TOTAL = COUNTER "foxtrot_refused_total" ["reason"]
        "Requests that foxtrot refused itself.";
    RETRIES_TOTAL = COUNTER "foxtrot_retries_total" ["cluster"]
        "Tries after the first one.";
    MIRROR_TOTAL = COUNTER "foxtrot_mirror_total" ["outcome" "reason"]
        "Requests that were chosen to be mirrored, by what became of the copy.";
    MIRROR_BYTES = GAUGE "foxtrot_mirror_bytes" []
        "Body bytes that copies of requests and answers to be compared hold now.";
    SHADOW_COMPARED_TOTAL = COUNTER "foxtrot_shadow_compared_total" ["outcome" "reason"]
        "Pairs of answers of primary and shadow, by what comparing them came to.";
    SHADOW_DIFF_TOTAL = COUNTER "foxtrot_shadow_diff_total" ["kind"]
        "Pairs of answers of primary and shadow that differ, by what they differ in.";
    LIMIT_REQUESTS_TOTAL = COUNTER "foxtrot_limit_requests_total" ["limit" "verdict"]
        "Requests that a limit was asked about, by what it said.";
    LIMIT_SHARED_TOTAL = COUNTER "foxtrot_limit_shared_total" ["limit"]
        "Requests whose key found no room in the table of its limit and was counted together with others.";
    LIMIT_BYTES_TOTAL = COUNTER "foxtrot_limit_bytes_total" ["limit"]
        "Bytes of bodies that were counted by a limit's bandwidth.";
    LIMIT_WAITS_TOTAL = COUNTER "foxtrot_limit_waits_total" ["limit"]
        "Times that a body was held up by a limit's bandwidth.";
    LIMIT_KEYS = GAUGE "foxtrot_limit_keys" ["limit"]
        "Keys of a limit that owe something, from a sample where there are many.";
    LIMIT_STORE_TOTAL = COUNTER "foxtrot_limit_store_total" ["limit" "outcome"]
        "Requests that were to be reported to a limit's store, by what became of that.";
    LIMIT_DEGRADED = GAUGE "foxtrot_limit_degraded" ["limit"]
        "1 while a limit's store is gone and the limit holds for this replica alone, else 0.";
    OVERLOAD_LIMIT = GAUGE "foxtrot_overload_limit" ["limiter"]
        "Requests that may be under way at once now.";
    OVERLOAD_IN_FLIGHT = GAUGE "foxtrot_overload_in_flight" ["limiter"]
        "Requests that are under way.";
    OVERLOAD_WAITING = GAUGE "foxtrot_overload_waiting" ["limiter"]
        "Requests that wait for a place.";
    OVERLOAD_PRESSURE_PERCENT = GAUGE "foxtrot_overload_pressure_percent" ["resource"]
        "How much of a resource with a watermark is in use.";
    OVERLOAD_SHED_TOTAL = COUNTER "foxtrot_overload_shed_total" ["limiter" "class" "reason"]
        "Requests that were shed, by class and reason.";
    ROLLOUT_WEIGHT = GAUGE "foxtrot_rollout_weight" ["rollout" "colour"]
        "Share of a colour in percent.";
    ROLLOUT_PHASE = GAUGE "foxtrot_rollout_phase" ["rollout" "phase"]
        "1 for the phase that a rollout is in, 0 for the others.";
    RESCUED_TOTAL = COUNTER "foxtrot_rescued_total" ["rollout" "outcome"]
        "Requests that the colour that is rolled out failed and that the other one was asked for.";
    UPSTREAM_ENDPOINT_STATE = GAUGE "foxtrot_upstream_endpoint_state" ["cluster" "endpoint" "state"]
        "1 for the state that an endpoint is in, 0 for the others.";
    CONNECTIONS = GAUGE "foxtrot_connections" ["listener"]
        "Downstream connections that are open now.";
    CONNECTIONS_TOTAL = COUNTER "foxtrot_connections_total" ["listener"]
        "Downstream connections that were accepted.";
    CONNECTIONS_REFUSED_TOTAL = COUNTER "foxtrot_connections_refused_total" ["listener" "reason"]
        "Downstream connections that were closed before their first request.";
    ACCEPT_ERRORS_TOTAL = COUNTER "foxtrot_accept_errors_total" ["listener"]
        "Times that no connection could be accepted, as for want of file descriptors.";
    H2_FLOODS_TOTAL = COUNTER "foxtrot_h2_floods_total" ["listener" "glitch"]
        "HTTP/2 connections that were ended with ENHANCE_YOUR_CALM, by what the client did last.";
    LIST_ENTRIES = GAUGE "foxtrot_list_entries" ["list"]
        "Blocks on the lists of the admin server.";
    CONFIG_GENERATION = GAUGE "foxtrot_config_generation" []
        "Number of the configuration in force; 1 is the one that the process started with.";
    CONFIG_RELOAD_TOTAL = COUNTER "foxtrot_config_reload_total" ["result"]
        "Attempts to load a configuration.";
    ACCESS_LOG_LINES_TOTAL = COUNTER "foxtrot_access_log_lines_total" ["result"]
        "Lines of the access log.";
    WAF_REQUESTS_TOTAL = COUNTER "foxtrot_waf_requests_total" ["verdict"]
        "Requests that the WAF looked at, by what it said.";
    WAF_RULE_HITS_TOTAL = COUNTER "foxtrot_waf_rule_hits_total" ["rule" "action"]
        "Matches of rules that log, by the id of the rule.";
    WAF_AUDIT_RECORDS_TOTAL = COUNTER "foxtrot_waf_audit_records_total" ["result"]
        "Records of the WAF's audit log.";
    WAF_POSTURE_CLASSES = GAUGE "foxtrot_waf_posture_classes" ["listener" "tenant" "route" "state"]
        "Classes of attacks by what became of their probes, of each policy of the WAF.";
    WAF_POSTURE_MISSED = GAUGE "foxtrot_waf_posture_missed" []
        "Classes that must be blocked and whose probes were not, over all policies.";
    BUILD_INFO = GAUGE "foxtrot_build_info" ["version"]
        "Always 1; the label says which version runs.";
    PROCESS_CPU_SECONDS_TOTAL = COUNTER "process_cpu_seconds_total" []
        "Processor time of the process, in user and system mode.";
    PROCESS_RESIDENT_MEMORY_BYTES = GAUGE "process_resident_memory_bytes" []
        "Memory of the process that is in RAM.";
    PROCESS_VIRTUAL_MEMORY_BYTES = GAUGE "process_virtual_memory_bytes" []
        "Address space of the process.";
    PROCESS_OPEN_FDS = GAUGE "process_open_fds" []
        "Open file descriptors.";
    PROCESS_MAX_FDS = GAUGE "process_max_fds" []
        "Most file descriptors that may be open; -1 without a limit.";
    PROCESS_THREADS = GAUGE "process_threads" []
        "Threads of the process.";
    PROCESS_START_TIME_SECONDS = GAUGE "process_start_time_seconds" []
        "When the process started, in seconds since 1970.";
}
