//! A row per key of the schema, in the order of docs/config.md: how its effect shows.

use super::{
    Effect::{self, *},
    Part, Row,
};

pub(super) const ROWS: &[Row] = &[
    // The top of the file.
    row("schema", &[Case("hostile::config::bad_configuration_is_refused_with_its_place")]),
    row("include[]", &[Unit("config::load::tests::includes_merge_tables_and_append_routes")]),
    row(
        "trusted_proxies[]",
        &[
            compiled(
                Part::Trusted,
                "trusted_proxies = [<>]",
                &["\"10.0.0.0/8\"", "\"192.0.2.0/24\""],
            ),
            Case("forwarding::trusted_peers_are_believed"),
        ],
    ),
    row(
        "runtime",
        &[
            Word("per_core", "runtime::start", "Runtime::PerCore => Builder::new_current_thread()"),
            Word("shared", "runtime::start", "Builder::new_multi_thread()"),
        ],
    ),
    row("workers", &[Read("runtime::start", "worker_count(config.runtime, config.workers)")]),
    // admin, log, drain, reload.
    row("admin.listen", &[Read("server::start", "TcpListener::bind(config.admin.listen)")]),
    row("admin.token.env", &[Read("admin::token::read", "env::var(name)")]),
    row(
        "admin.list_entries",
        &[
            Case("lists::lists_are_as_long_as_the_configuration_says"),
            Read("admin::live::list", "config.admin.list_entries"),
        ],
    ),
    row("admin.token.file", &[Case("observe::a_token_guards_the_admin_server")]),
    row(
        "log.level",
        &[
            Read("snapshot::control::switch::announce", "set_level(snapshot.config.log.level)"),
            Word("error", "observe::logging::filter", "LogLevel::Error => \"error\""),
            Word("warn", "observe::logging::filter", "LogLevel::Warn => \"warn,h2=error\""),
            Word("info", "observe::logging::filter", "LogLevel::Info => \"info,h2=error\""),
            Word(
                "debug",
                "observe::logging::filter",
                "LogLevel::Debug => \"info,h2=error,foxtrot=debug\"",
            ),
        ],
    ),
    row(
        "log.format",
        &[
            Read("main::run", "logging::start(config.log.format)"),
            Word("text", "observe::logging::start", "LogFormat::Text => registry"),
            Word(
                "json",
                "observe::logging::start",
                "LogFormat::Json => registry.with(layer.json()",
            ),
        ],
    ),
    row("log.access.path", &[Case("observe::the_access_log_is_reopened_by_a_reload")]),
    row(
        "log.access.queue",
        &[
            Read("observe::access_log::open", "config.queue"),
            Read("observe::access_log::write_with", "batch.lines >= self.shared.lines_max"),
        ],
    ),
    row("drain.delay", &[Case("drain::readiness_goes_off_while_requests_are_still_served")]),
    row("drain.deadline", &[Case("drain::the_deadline_cuts_what_is_left")]),
    row(
        "reload.watch",
        &[Case("reload::sighup_reloads"), Read("snapshot::control::target", "watch: reload.watch")],
    ),
    row("reload.poll", &[Case("reload::contents_are_polled_where_files_give_no_events")]),
    // state.
    row("state.dir", &[Case("rollout::events_rotate_and_two_processes_do_not_share_a_directory")]),
    row(
        "state.events.rotate",
        &[Case("rollout::events_rotate_and_two_processes_do_not_share_a_directory")],
    ),
    row(
        "state.events.keep",
        &[Case("rollout::events_rotate_and_two_processes_do_not_share_a_directory")],
    ),
    // listeners.
    row(
        "listeners.NAME.listen",
        &[
            compiled(Part::Listener, "listen = <>", &["\"127.0.0.1:1\"", "\"127.0.0.1:2\""]),
            Read("snapshot::plan::make", "socket::bind(written.listen, workers)"),
        ],
    ),
    row(
        "listeners.NAME.protocols[]",
        &[
            Case("http2::a_listener_speaks_only_its_protocols"),
            Read("http::connection::offers", "config.protocols.contains"),
            Read("listener::tls::compile", "alpn(protocols)"),
        ],
    ),
    row(
        "listeners.NAME.tls.min",
        &[
            Case("tls::the_lowest_version_is_kept"),
            Word("1.2", "listener::tls::versions", "TlsVersion::V1_2 => &FROM_1_2"),
        ],
    ),
    row(
        "listeners.NAME.tls.certs[].cert",
        &[
            Read("listener::tls::certificate::read", "chain(&cert.cert)"),
            Case("tls::sni_picks_the_certificate"),
        ],
    ),
    row(
        "listeners.NAME.tls.certs[].key",
        &[Read("listener::tls::certificate::read", "private_key(&cert.key)")],
    ),
    row("listeners.NAME.tls.client_ca", &[Case("tls::client_certificates_are_demanded")]),
    row(
        "listeners.NAME.tls.client_auth",
        &[
            Case("tls::client_certificates_may_be_optional"),
            Word("required", "listener::tls::client_verifier", "ClientAuth::Required => builder"),
        ],
    ),
    row(
        "listeners.NAME.proxy_protocol.from[]",
        &[
            compiled(
                Part::Listener,
                "proxy_protocol = { from = [<>] }",
                &["\"10.0.0.0/8\"", "\"192.0.2.0/24\""],
            ),
            Case("proxy_protocol::strangers_are_taken_as_they_are"),
        ],
    ),
    row("listeners.NAME.timeouts.handshake", &[Case("tls::a_silent_handshake_ends")]),
    row(
        "listeners.NAME.timeouts.first_byte",
        &[
            Case("limits::a_connection_that_says_nothing_is_closed"),
            Read("http::h1::next_request", "config.timeouts.first_byte"),
            Read("http::h2::run", "timeouts.first_byte"),
        ],
    ),
    row("listeners.NAME.timeouts.header", &[Case("limits::a_slow_head_is_408")]),
    row("listeners.NAME.timeouts.body.grace", &[Case("limits::a_slow_body_is_408")]),
    row(
        "listeners.NAME.timeouts.body.min_rate",
        &[Case("limits::a_body_that_keeps_its_rate_has_all_the_time")],
    ),
    row(
        "listeners.NAME.timeouts.idle",
        &[
            Case("limits::an_idle_connection_is_closed"),
            Read("http::h1::next_request", "config.timeouts.idle"),
            Read("http::h2::run", "timeouts.idle"),
        ],
    ),
    row(
        "listeners.NAME.timeouts.request",
        &[
            Case("limits::an_exchange_has_a_deadline"),
            Read("http::handle::exchange_timeout", "listener.config.timeouts.request"),
        ],
    ),
    row(
        "listeners.NAME.timeouts.write",
        &[
            Case("limits::a_client_that_takes_nothing_is_cut"),
            Read("http::h2::response::pump", "listener.config.timeouts.write"),
        ],
    ),
    row("listeners.NAME.timeouts.tunnel_idle", &[Case("limits::a_silent_tunnel_is_closed")]),
    row(
        "listeners.NAME.limits.connections",
        &[Case("limits::connections_of_a_listener_are_bounded")],
    ),
    row(
        "listeners.NAME.limits.connections_per_ip",
        &[Case("limits::connections_of_one_address_are_bounded")],
    ),
    row(
        "listeners.NAME.limits.handshakes",
        &[Case("tls::the_oldest_of_too_many_handshakes_gives_way")],
    ),
    row(
        "listeners.NAME.limits.headers",
        &[Case("limits::too_many_fields_are_431"), Case("limits::too_many_fields_are_431_over_h2")],
    ),
    row(
        "listeners.NAME.limits.header_bytes",
        &[Case("limits::a_large_head_is_431"), Case("limits::a_large_head_is_refused_over_h2")],
    ),
    row("listeners.NAME.limits.streams", &[Case("http2::the_stream_limit_is_announced")]),
    row(
        "listeners.NAME.limits.glitches",
        &[
            Case("h2_floods::the_budget_is_what_the_listener_says"),
            Read("http::h2::serve", "limits.glitches,"),
        ],
    ),
    row(
        "listeners.NAME.limits.glitches_per_second",
        &[
            Case("h2_floods::what_was_spent_comes_free_again"),
            Read("http::h2::serve", "limits.glitches_per_second"),
        ],
    ),
    row(
        "listeners.NAME.limits.body_bytes",
        &[Case("limits::a_large_body_is_413_before_it_is_sent")],
    ),
    row(
        "listeners.NAME.limits.requests",
        &[
            Case("limits::requests_of_one_connection_are_bounded"),
            Read("http::h2::run", "listener.config.limits.requests"),
        ],
    ),
    // clusters.
    row("clusters.NAME.like", &[Case("upstream::clusters_inherit_key_by_key")]),
    row(
        "clusters.NAME.endpoints[]",
        &[
            cluster("endpoints = [<>]", &["\"http://127.0.0.1:7\"", "\"http://127.0.0.1:8\""]),
            Read("upstream::cluster::adopt", "for source in &self.sources"),
        ],
    ),
    row(
        "clusters.NAME.protocol",
        &[
            cluster("protocol = <>", &["\"auto\"", "\"http/1.1\"", "\"h2\""]),
            Read("upstream::connect::speaks_h2", "match transport.protocol"),
            Read(
                "upstream::tls::compile",
                "UpstreamProtocol::Http1 => vec![b\"http/1.1\".to_vec()]",
            ),
        ],
    ),
    row(
        "clusters.NAME.balance",
        &[
            cluster("balance = <>", &["\"round_robin\"", "\"least_request\""]),
            Read("upstream::cluster::pick", "match (self.settings.balance, hash"),
            Case("upstream::least_request_avoids_the_busy_endpoint"),
        ],
    ),
    row(
        "clusters.NAME.balance.hash",
        &[
            cluster("balance = { hash = <> }", &["\"path\"", "\"client_ip\"", "\"cookie:a\""]),
            Case("upstream::a_hash_keeps_a_key_on_its_endpoint"),
        ],
    ),
    row(
        "clusters.NAME.tls.ca",
        &[
            Case("tls::origins_are_spoken_to_over_tls"),
            Read("upstream::tls::compile", "authorities(pem, path)"),
        ],
    ),
    row("clusters.NAME.tls.server_name", &[Case("tls::the_name_of_an_origin_is_verified")]),
    row(
        "clusters.NAME.tls.cert",
        &[Unit("upstream::tests::tls::we_show_our_certificate_where_it_is_asked_for")],
    ),
    row(
        "clusters.NAME.tls.key",
        &[Unit("upstream::tests::tls::we_show_our_certificate_where_it_is_asked_for")],
    ),
    row(
        "clusters.NAME.pool.idle",
        &[
            cluster("pool = { idle = <> }", &["1", "2"]),
            Read("upstream::pool::checkin", "pool.idle.len() > settings.idle"),
            Unit("upstream::tests::pool::no_more_are_kept_than_configured"),
        ],
    ),
    row(
        "clusters.NAME.pool.idle_timeout",
        &[
            cluster("pool = { idle_timeout = <> }", &["\"1s\"", "\"2s\""]),
            Read("upstream::pool::idle_limit", "settings.idle_timeout"),
            Unit("upstream::tests::pool::sweeping_closes_what_has_expired"),
        ],
    ),
    row(
        "clusters.NAME.pool.max_age",
        &[
            cluster("pool = { max_age = <> }", &["\"1m\"", "\"2m\""]),
            Read("upstream::pool::checkout", "connection.born >= settings.max_age"),
            Unit("upstream::tests::pool::old_connections_are_not_used_again"),
        ],
    ),
    row(
        "clusters.NAME.health.path",
        &[
            cluster("health = { path = <> }", &["\"/a\"", "\"/b\""]),
            Read("upstream::health::probe", "health.path"),
            Case("upstream::probes_take_an_endpoint_out_and_back"),
        ],
    ),
    row(
        "clusters.NAME.health.host",
        &[
            cluster("health = { path = \"/\", host = <> }", &["\"a.test\"", "\"b.test\""]),
            Read("upstream::health::probe", "match &health.host"),
        ],
    ),
    row(
        "clusters.NAME.health.every",
        &[
            cluster("health = { path = \"/\", every = <> }", &["\"1s\"", "\"3s\""]),
            Read("upstream::health::watch", "jittered(health.every.0"),
            Case("upstream::probes_take_an_endpoint_out_and_back"),
        ],
    ),
    row(
        "clusters.NAME.health.timeout",
        &[
            cluster("health = { path = \"/\", timeout = <> }", &["\"1s\"", "\"2s\""]),
            Read(
                "upstream::health::probe",
                "timeout(health.timeout.0, ask(endpoint, head, health.timeout.0))",
            ),
        ],
    ),
    row(
        "clusters.NAME.health.rise",
        &[
            cluster("health = { path = \"/\", rise = <> }", &["1", "2"]),
            Read("upstream::health::probe", "note(result.is_ok(), health.rise, health.fall)"),
        ],
    ),
    row(
        "clusters.NAME.health.fall",
        &[
            cluster("health = { path = \"/\", fall = <> }", &["1", "2"]),
            Read("upstream::health::probe", "note(result.is_ok(), health.rise, health.fall)"),
        ],
    ),
    row(
        "clusters.NAME.health.expect[]",
        &[
            cluster("health = { path = \"/\", expect = [<>] }", &["200", "204", "200, 204"]),
            Read("upstream::health::probe", "health.expect.contains(&answer.status().as_u16())"),
        ],
    ),
    row(
        "clusters.NAME.slow_start",
        &[
            cluster("slow_start = <>", &["\"10s\"", "\"30s\""]),
            Read("upstream::cluster::takes", "self.settings.slow_start"),
            Unit(
                "upstream::tests::endpoints::an_endpoint_that_has_just_begun_gets_a_part_of_its_share",
            ),
        ],
    ),
    row(
        "clusters.NAME.outlier.consecutive_5xx",
        &[
            cluster("outlier = { consecutive_5xx = <> }", &["0", "1"]),
            Read("upstream::outlier::see", "policy.consecutive_5xx"),
            Case("upstream::consecutive_errors_eject_an_endpoint"),
        ],
    ),
    row(
        "clusters.NAME.outlier.consecutive_failures",
        &[
            cluster("outlier = { consecutive_failures = <> }", &["0", "1"]),
            Read("upstream::outlier::see", "policy.consecutive_failures"),
            Unit("upstream::tests::endpoints::failed_connects_eject_too"),
        ],
    ),
    row(
        "clusters.NAME.outlier.eject",
        &[
            cluster("outlier = { eject = <> }", &["\"1s\"", "\"2s\""]),
            Read("upstream::outlier::eject", "policy.eject * factor"),
            Case("upstream::an_ejected_endpoint_comes_back"),
        ],
    ),
    row(
        "clusters.NAME.outlier.max_ejected",
        &[
            cluster("outlier = { max_ejected = <> }", &["10", "33.33"]),
            Read("upstream::outlier::has_room", "self.max_ejected_basis_points"),
            Read("upstream::cluster::eject", "policy.has_room"),
        ],
    ),
    row(
        "clusters.NAME.breaker.connections",
        &[
            cluster("breaker = { connections = <> }", &["1", "2"]),
            Read("upstream::attempt::room_at_once", "settings.breaker.connections"),
            Case("upstream::a_full_connection_cap_and_queue_is_429"),
        ],
    ),
    row(
        "clusters.NAME.breaker.pending",
        &[
            cluster("breaker = { pending = <> }", &["1", "2"]),
            Read("upstream::attempt::room", "settings.breaker.pending"),
            Case("upstream::a_request_waits_for_a_connection"),
        ],
    ),
    row(
        "clusters.NAME.breaker.requests",
        &[
            cluster("breaker = { requests = <> }", &["1", "2"]),
            Read("upstream::cluster::admit", "settings.breaker.requests"),
            Case("upstream::a_full_breaker_is_429_with_retry_after"),
        ],
    ),
    row(
        "clusters.NAME.timeouts.connect",
        &[
            cluster("timeouts = { connect = <> }", &["\"1s\"", "\"2s\""]),
            Read("upstream::attempt::line", "settings.timeouts.connect"),
            Unit(
                "upstream::tests::retry::an_endpoint_that_takes_no_connection_is_a_connect_timeout",
            ),
        ],
    ),
    row(
        "clusters.NAME.timeouts.try",
        &[
            cluster("timeouts = { try = <> }", &["\"1s\"", "\"2s\""]),
            Read("upstream::forward::forward_kept", "per_try.unwrap_or(timeouts.per_try)"),
            Case("upstream::an_upstream_that_does_not_answer_is_504"),
        ],
    ),
    row(
        "clusters.NAME.timeouts.total",
        &[
            cluster("timeouts = { total = <> }", &["\"16s\"", "\"17s\""]),
            Read("upstream::cluster::total_timeout", "settings.timeouts.total"),
            Case("upstream::all_tries_together_have_a_deadline"),
        ],
    ),
    row(
        "clusters.NAME.timeouts.idle",
        &[
            cluster("timeouts = { idle = <> }", &["\"1s\"", "\"2s\""]),
            Case("upstream::a_body_that_falls_silent_is_broken_off"),
        ],
    ),
    row(
        "clusters.NAME.retry.on[]",
        &[
            cluster(
                "retry = { on = [<>] }",
                &["\"connect\"", "\"reset\"", "\"timeout\"", "\"502\"", "\"503\"", "\"504\""],
            ),
            Read("upstream::retry::allows", "self.on.contains(&facts.failure)"),
            Case("upstream::a_status_is_tried_again_where_configured"),
        ],
    ),
    row(
        "clusters.NAME.retry.max",
        &[
            cluster("retry = { max = <> }", &["1", "2"]),
            Read("upstream::retry::allows", "facts.tries <= self.max"),
            Case("upstream::tries_are_bounded"),
        ],
    ),
    row(
        "clusters.NAME.retry.budget",
        &[
            cluster("retry = { budget = <> }", &["10", "33.33"]),
            Read("upstream::retry::has_budget", "self.budget_basis_points"),
            Case("upstream::the_retry_budget_holds"),
        ],
    ),
    row(
        "clusters.NAME.retry.body_bytes",
        &[
            cluster("retry = { body_bytes = <> }", &["\"1KiB\"", "\"2KiB\""]),
            Read("upstream::forward::forward_kept", "settings.retry.body_bytes"),
            Case("upstream::a_long_body_is_sent_once"),
        ],
    ),
    row(
        "clusters.NAME.resolve.min_ttl",
        &[
            cluster(
                "endpoints = [\"http://a.internal\"]\nresolve = { min_ttl = <> }",
                &["\"1s\"", "\"2s\""],
            ),
            Read("upstream::resolve::refresh", "ttl.min(max).max(min)"),
        ],
    ),
    row(
        "clusters.NAME.resolve.max_ttl",
        &[
            cluster(
                "endpoints = [\"http://a.internal\"]\nresolve = { max_ttl = <> }",
                &["\"1m\"", "\"2m\""],
            ),
            Read("upstream::resolve::refresh", "ttl.min(max).max(min)"),
        ],
    ),
    // rollouts.
    row(
        "rollouts.NAME.blue",
        &[
            rollout("blue = <>", &["\"app\"", "\"other\""]),
            Read("snapshot::cluster", "Colour::Blue => &self.blue"),
            Case("split::all_or_nothing_is_exact"),
        ],
    ),
    row(
        "rollouts.NAME.green",
        &[
            rollout("green = <>", &["\"next\"", "\"other\""]),
            Read("snapshot::cluster", "Colour::Green => &self.green"),
            Case("split::all_or_nothing_is_exact"),
        ],
    ),
    row(
        "rollouts.NAME.weights.blue",
        &[
            Read("config::check::rollout::colours", "weights.blue.basis_points()"),
            Case("split::the_weights_are_a_metric"),
        ],
    ),
    row(
        "rollouts.NAME.weights.green",
        &[
            rollout(
                "weights = <>",
                &[
                    "{ blue = 100, green = 0 }",
                    "{ blue = 90, green = 10 }",
                    "{ blue = 0, green = 100 }",
                ],
            ),
            Case("split::shares_are_kept"),
        ],
    ),
    row(
        "rollouts.NAME.steps[]",
        &[
            rollout("steps = [<>, 100]", &["5", "10"]),
            Case("rollout::a_rollout_goes_by_itself_from_start_to_done"),
        ],
    ),
    row(
        "rollouts.NAME.step_every",
        &[
            rollout("step_every = <>", &["\"1m\"", "\"2m\""]),
            Case("rollout::a_reload_moves_nobody_unless_it_declares_other_weights"),
        ],
    ),
    row(
        "rollouts.NAME.soak",
        &[
            rollout("soak = <>", &["\"1m\"", "\"2m\""]),
            Case("rollout::a_hundred_flips_lose_no_request"),
        ],
    ),
    row(
        "rollouts.NAME.deadline",
        &[
            rollout("deadline = <>", &["\"1h\"", "\"2h\""]),
            Case("rollout::held_steps_wait_and_a_deadline_takes_them_back"),
        ],
    ),
    row(
        "rollouts.NAME.rollback.max_duration",
        &[
            rollout("rollback = { max_duration = <> }", &["\"2m\"", "\"3m\""]),
            Read("rollout::drive::time_rollback", "subject.plan().rollback_max"),
        ],
    ),
    row(
        "rollouts.NAME.rollback.drain",
        &[
            rollout("rollback = { drain = <> }", &["\"10s\"", "\"20s\""]),
            Case("rollout::a_hundred_flips_lose_no_request"),
        ],
    ),
    row(
        "rollouts.NAME.sticky[]",
        &[
            rollout(
                "sticky = [<>]",
                &["\"client_ip\"", "\"cookie:a\"", "\"header:b\"", "\"path\""],
            ),
            Case("split::a_client_keeps_its_colour"),
            Case("split::a_cookie_can_be_what_sticks"),
        ],
    ),
    row(
        "rollouts.NAME.override.header",
        &[
            rollout("override = { header = <>, from = [\"10.0.0.0/8\"] }", &["\"x-a\"", "\"x-b\""]),
            Case("split::testers_choose_their_colour"),
        ],
    ),
    row(
        "rollouts.NAME.override.cookie",
        &[
            rollout("override = { cookie = <>, from = [\"10.0.0.0/8\"] }", &["\"a\"", "\"b\""]),
            Case("split::testers_choose_their_colour"),
        ],
    ),
    row(
        "rollouts.NAME.override.from[]",
        &[
            rollout(
                "override = { header = \"x\", from = [<>] }",
                &["\"10.0.0.0/8\"", "\"192.0.2.0/24\""],
            ),
            Case("split::strangers_do_not_choose_their_colour"),
        ],
    ),
    row(
        "rollouts.NAME.mirror.to",
        &[
            rollout("mirror = { to = <> }", &["\"next\"", "\"other\""]),
            Read("mirror::run", "pairing::fetch(&mirror.to"),
        ],
    ),
    row("rollouts.NAME.mirror.percent", &[Case("mirror::a_share_is_copied")]),
    row(
        "rollouts.NAME.mirror.methods[]",
        &[Case("mirror::bodies_are_copied_for_methods_that_are_named")],
    ),
    row("rollouts.NAME.mirror.max_body", &[Case("mirror::long_bodies_are_skipped")]),
    row("rollouts.NAME.mirror.memory_budget", &[Case("mirror::memory_of_copies_is_bounded")]),
    row("rollouts.NAME.mirror.in_flight", &[Case("mirror::copies_in_flight_are_bounded")]),
    row("rollouts.NAME.mirror.strip[]", &[Case("mirror::named_fields_are_stripped_from_copies")]),
    row("rollouts.NAME.mirror.timeout", &[Case("mirror::a_silent_shadow_harms_nothing")]),
    row(
        "rollouts.NAME.compare.assert[]",
        &[
            Case("shadow::what_is_not_asserted_is_shown_and_fails_nothing"),
            Unit("mirror::compare::tests::every_kind_can_be_asserted"),
        ],
    ),
    row("rollouts.NAME.compare.ignore[]", &[Case("shadow::what_is_ignored_may_differ")]),
    row("rollouts.NAME.compare.headers[]", &[Case("shadow::fields_are_compared_as_chosen")]),
    row("rollouts.NAME.compare.max_body", &[Case("shadow::long_answers_are_skipped")]),
    row("rollouts.NAME.compare.size_percent", &[Case("shadow::lengths_may_differ_by_a_share")]),
    row("rollouts.NAME.compare.noise_percent", &[Case("shadow::noise_is_learned_and_masked")]),
    row("rollouts.NAME.compare.tolerance", &[Case("shadow::a_share_may_differ")]),
    row("rollouts.NAME.compare.min_requests", &[Case("shadow::a_share_may_differ")]),
    row("rollouts.NAME.compare.latency_ratio", &[Case("shadow::a_slow_shadow_is_told")]),
    row("rollouts.NAME.parity.path", &[Case("shadow::parity_lists_what_differs")]),
    row("rollouts.NAME.parity.ignore[]", &[Case("shadow::parity_lists_what_differs")]),
    row(
        "rollouts.NAME.rescue",
        &[
            Read("snapshot::rescuer", "self.rescue && trusted == colour.other()"),
            Case("rescue::without_rescue_failures_are_the_clients"),
        ],
    ),
    row(
        "rollouts.NAME.guard.error_rise",
        &[
            rollout("guard = { error_rise = <> }", &["0.5", "1", "2.25"]),
            Read("rollout::guard::close", "allowed: error_rise / 4.0"),
        ],
    ),
    row(
        "rollouts.NAME.guard.p95_ratio",
        &[
            rollout("guard = { p95_ratio = <> }", &["1.0", "1.25", "2"]),
            Read("rollout::guard::close", "self.memory.slow_from(p95_ratio)"),
        ],
    ),
    row(
        "rollouts.NAME.guard.min_requests",
        &[
            rollout("guard = { min_requests = <> }", &["1", "50", "1000"]),
            Read("rollout::guard::opinion", "self.seen < min"),
        ],
    ),
    row(
        "rollouts.NAME.prewarm.connections",
        &[
            rollout("prewarm = { connections = <> }", &["1", "32", "64"]),
            Read("rollout::prewarm::run", "self.order.policy.connections"),
        ],
    ),
    row(
        "rollouts.NAME.prewarm.until_p95_ratio",
        &[
            rollout("prewarm = { until_p95_ratio = <> }", &["1.0", "1.2", "2"]),
            Read("rollout::prewarm::allowed", "self.order.policy.until_p95_ratio"),
        ],
    ),
    row(
        "rollouts.NAME.prewarm.timeout",
        &[
            rollout("prewarm = { timeout = <> }", &["\"10s\"", "\"1m\""]),
            Read("rollout::prewarm::opinion", "self.order.policy.timeout"),
        ],
    ),
    // routes.
    row(
        "routes[].name",
        &[
            route("name = <>", &["\"a\"", "\"b\""]),
            Case("observe::requests_are_counted_by_what_configuration_names"),
        ],
    ),
    row(
        "routes[].match.host",
        &[
            table("match = { host = <> }", &["\"a.test\"", "\"*.a.test\""]),
            Case("routing::hosts_match_exactly_or_below_a_wildcard"),
        ],
    ),
    row(
        "routes[].match.path",
        &[
            table("match = { path = <> }", &["\"/a\"", "\"/b\""]),
            Case("routing::paths_match_by_segment_whole_or_expression"),
        ],
    ),
    row(
        "routes[].match.path_exact",
        &[
            table("match = { path_exact = <> }", &["\"/a\"", "\"/b\""]),
            Case("routing::paths_match_by_segment_whole_or_expression"),
        ],
    ),
    row(
        "routes[].match.path_regex",
        &[
            table("match = { path_regex = <> }", &["\"/a+\"", "\"/b+\""]),
            Case("routing::paths_match_by_segment_whole_or_expression"),
        ],
    ),
    row(
        "routes[].match.method[]",
        &[
            table("match = { method = [<>] }", &["\"GET\"", "\"PUT\""]),
            Case("routing::methods_headers_and_queries_match"),
        ],
    ),
    row(
        "routes[].match.headers.NAME",
        &[
            table("match = { headers = { x-a = <> } }", &["\"1\"", "\"2\""]),
            Case("routing::methods_headers_and_queries_match"),
        ],
    ),
    row(
        "routes[].match.headers.NAME.regex",
        &[
            table("match = { headers = { x-a = { regex = <> } } }", &["\"1+\"", "\"2+\""]),
            Case("routing::methods_headers_and_queries_match"),
        ],
    ),
    row(
        "routes[].match.headers.NAME.present",
        &[
            table("match = { headers = { x-a = { present = <> } } }", &["true", "false"]),
            Case("routing::methods_headers_and_queries_match"),
        ],
    ),
    row(
        "routes[].match.query.NAME",
        &[
            table("match = { query = { a = <> } }", &["\"1\"", "\"2\""]),
            Case("routing::methods_headers_and_queries_match"),
        ],
    ),
    row(
        "routes[].match.query.NAME.regex",
        &[
            table("match = { query = { a = { regex = <> } } }", &["\"1+\"", "\"2+\""]),
            Read("route::conditions::holds", "Self::Regex(regex)"),
        ],
    ),
    row(
        "routes[].match.query.NAME.present",
        &[
            table("match = { query = { a = { present = <> } } }", &["true", "false"]),
            Case("routing::methods_headers_and_queries_match"),
        ],
    ),
    row(
        "routes[].listeners[]",
        &[
            table("listeners = [<>]", &["\"http\"", "\"inner\""]),
            Case("routing::routes_may_serve_some_listeners_only"),
        ],
    ),
    row(
        "routes[].to",
        &[
            route(
                "to = <>",
                &[
                    "\"rollout:app\"",
                    "\"cluster:app\"",
                    "\"redirect:https://a.test\"",
                    "\"respond:204\"",
                    "\"respond:404\"",
                ],
            ),
            Read("http::handle::act", "match &route.action"),
        ],
    ),
    row(
        "routes[].redirect_status",
        &[
            route("to = \"redirect:https://a.test\"\nredirect_status = <>", &["301", "308"]),
            Case("routing::redirects_carry_the_request_along"),
        ],
    ),
    row(
        "routes[].body",
        &[
            route("to = \"respond:200\"\nbody = <>", &["\"a\"", "\"b\""]),
            Case("routing::a_route_answers_by_itself"),
        ],
    ),
    row(
        "routes[].rewrite.host",
        &[
            route("rewrite = { host = <> }", &["\"a.test\"", "\"b.test\""]),
            Case("routing::a_prefix_is_rewritten"),
        ],
    ),
    row(
        "routes[].rewrite.path",
        &[
            route("match = { path = \"/x\" }\nrewrite = { path = <> }", &["\"/a\"", "\"/b\""]),
            Case("routing::a_prefix_is_rewritten"),
        ],
    ),
    row(
        "routes[].request_headers.remove[]",
        &[
            route("request_headers = { remove = [<>] }", &["\"a\"", "\"b\""]),
            Case("routing::request_fields_are_edited"),
        ],
    ),
    row(
        "routes[].request_headers.set.NAME",
        &[
            route("request_headers = { set = { a = <> } }", &["\"1\"", "\"2\""]),
            Case("routing::request_fields_are_edited"),
        ],
    ),
    row(
        "routes[].request_headers.add.NAME",
        &[
            route("request_headers = { add = { a = <> } }", &["\"1\"", "\"2\""]),
            Case("routing::request_fields_are_edited"),
        ],
    ),
    row(
        "routes[].response_headers.remove[]",
        &[
            route("response_headers = { remove = [<>] }", &["\"a\"", "\"b\""]),
            Case("routing::answer_fields_are_edited"),
        ],
    ),
    row(
        "routes[].response_headers.set.NAME",
        &[
            route("response_headers = { set = { a = <> } }", &["\"1\"", "\"2\""]),
            Case("routing::answer_fields_are_edited"),
        ],
    ),
    row(
        "routes[].response_headers.add.NAME",
        &[
            route("response_headers = { add = { a = <> } }", &["\"1\"", "\"2\""]),
            Case("routing::answer_fields_are_edited"),
        ],
    ),
    row(
        "routes[].timeouts.try",
        &[
            route("timeouts = { try = <> }", &["\"1s\"", "\"2s\""]),
            Read("http::send::send", "route.timeouts.per_try"),
            Case("upstream::a_route_has_deadlines_of_its_own"),
        ],
    ),
    row(
        "routes[].timeouts.total",
        &[
            route("timeouts = { total = <> }", &["\"16s\"", "\"17s\""]),
            Read("http::send::send", "route.timeouts.total"),
            Case("upstream::a_route_has_deadlines_of_its_own"),
        ],
    ),
    row(
        "routes[].timeouts.request",
        &[
            route("timeouts = { request = <> }", &["\"1m\"", "\"2m\""]),
            Case("limits::a_route_has_an_exchange_deadline_of_its_own"),
        ],
    ),
    row(
        "routes[].max_body",
        &[
            route("max_body = <>", &["\"1KiB\"", "\"2KiB\""]),
            Case("limits::a_route_has_a_body_limit_of_its_own"),
        ],
    ),
    row(
        "routes[].upgrade",
        &[
            route("upgrade = <>", &["true", "false"]),
            Case("http1::a_route_without_upgrade_does_not_pass_it_on"),
        ],
    ),
    row(
        "routes[].limits[]",
        &[Case("rate_limits::who_is_over_its_rate_is_told_when_to_come_back")],
    ),
    row("routes[].limit_cost", &[Case("rate_limits::a_request_costs_what_its_route_says")]),
    row(
        "routes[].waf.mode",
        &[
            Read("waf::settings::with", "overlay.mode"),
            Case("waf::a_route_has_a_mode_of_its_own"),
            Word("off", "waf::settings::mode_for", "WafMode::Off => Mode::Off"),
            Word("enforce", "waf::settings::mode_for", "WafMode::Enforce if enforced => Mode::On"),
            Word(
                "detect",
                "waf::settings::mode_for",
                "WafMode::Detect | WafMode::Enforce => Mode::DetectionOnly",
            ),
        ],
    ),
    row("routes[].waf.enforce_percent", &[Read("waf::settings::with", "overlay.enforce_percent")]),
    row(
        "routes[].waf.paranoia",
        &[
            Read("waf::settings::with", "overlay.paranoia"),
            Case("waf::thresholds_and_levels_go_before_the_rule_files"),
        ],
    ),
    row(
        "routes[].waf.inbound_threshold",
        &[
            Read("waf::settings::with", "overlay.inbound_threshold"),
            Case("waf::thresholds_and_levels_go_before_the_rule_files"),
        ],
    ),
    row(
        "routes[].waf.outbound_threshold",
        &[
            Read("waf::settings::with", "overlay.outbound_threshold"),
            Case("waf::responses_are_inspected_where_it_is_asked"),
        ],
    ),
    row(
        "routes[].waf.early_blocking",
        &[
            Read("waf::settings::with", "overlay.early_blocking"),
            Case("waf::thresholds_and_levels_go_before_the_rule_files"),
        ],
    ),
    row(
        "routes[].waf.responses",
        &[
            Read("waf::settings::with", "overlay.responses"),
            Case("waf::responses_are_inspected_where_it_is_asked"),
        ],
    ),
    row(
        "routes[].waf.over_budget",
        &[
            Read("waf::settings::with", "overlay.over_budget"),
            Case("waf::a_spent_budget_closes_or_opens_by_route"),
            Word("open", "waf::transaction::judged", "OverBudget::Closed"),
            Word("closed", "waf::transaction::judged", "OverBudget::Closed"),
        ],
    ),
    row(
        "routes[].waf.over_limit",
        &[
            Read("waf::settings::with", "overlay.over_limit"),
            Case("waf::a_long_body_is_inspected_in_part_or_refused"),
            Word("reject", "waf::transaction::request_body", "OverLimit::Reject"),
            Word("process_partial", "waf::transaction::request_body", "OverLimit::Reject"),
        ],
    ),
    row(
        "routes[].waf.exclude[].rule",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "routes[].waf.exclude[].tag",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "routes[].waf.exclude[].target",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "routes[].waf.exclude[].path",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "routes[].waf.exclude[].expires",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "routes[].waf.exclude[].reason",
        &[Read("config::check::waf::exclusions", "exclusion.reason")],
    ),
    row("routes[].waf.require_classes[]", REQUIRED),
    // waf.
    row(
        "waf.rules[]",
        &[
            Case("waf::an_attack_is_blocked_and_told"),
            Word("managed", "waf::rules::patterns", "MANAGED => "),
        ],
    ),
    row(
        "waf.mode",
        &[
            Case("waf::detection_blocks_nobody"),
            Word("off", "waf::settings::mode_for", "WafMode::Off => Mode::Off"),
            Word("enforce", "waf::settings::mode_for", "WafMode::Enforce if enforced => Mode::On"),
            Word(
                "detect",
                "waf::settings::mode_for",
                "WafMode::Detect | WafMode::Enforce => Mode::DetectionOnly",
            ),
        ],
    ),
    row("waf.enforce_percent", &[Case("waf::a_share_of_clients_is_blocked_and_all_are_logged")]),
    row("waf.paranoia", &[Read("waf::settings::pins", "self.paranoia")]),
    row("waf.inbound_threshold", &[Read("waf::settings::pins", "self.inbound_threshold")]),
    row("waf.outbound_threshold", &[Read("waf::settings::pins", "self.outbound_threshold")]),
    row("waf.early_blocking", &[Read("waf::settings::pins", "self.early_blocking")]),
    row("waf.allow[]", &[Case("waf::lists_go_before_rules_and_allow_before_deny")]),
    row("waf.deny[]", &[Case("waf::lists_go_before_rules_and_allow_before_deny")]),
    row("waf.exclude[].rule", &[Case("waf::exclusions_hold_for_rule_target_path_and_time")]),
    row("waf.exclude[].tag", &[Case("waf::exclusions_hold_for_rule_target_path_and_time")]),
    row("waf.exclude[].target", &[Case("waf::exclusions_hold_for_rule_target_path_and_time")]),
    row("waf.exclude[].path", &[Case("waf::exclusions_hold_for_rule_target_path_and_time")]),
    row("waf.exclude[].expires", &[Case("waf::exclusions_hold_for_rule_target_path_and_time")]),
    row("waf.exclude[].reason", &[Read("config::check::waf::exclusions", "exclusion.reason")]),
    row("waf.require_classes[]", REQUIRED),
    row("waf.request_body.limit", &[Case("waf::a_long_body_is_inspected_in_part_or_refused")]),
    row(
        "waf.request_body.over",
        &[
            Case("waf::a_long_body_is_inspected_in_part_or_refused"),
            Word("reject", "waf::transaction::request_body", "OverLimit::Reject"),
            Word("process_partial", "waf::transaction::request_body", "OverLimit::Reject"),
        ],
    ),
    row("waf.responses", &[Case("waf::responses_are_inspected_where_it_is_asked")]),
    row("waf.budget", &[Case("waf::a_spent_budget_closes_or_opens_by_route")]),
    row(
        "waf.over_budget",
        &[
            Case("waf::a_spent_budget_closes_or_opens_by_route"),
            Word("open", "waf::transaction::judged", "OverBudget::Closed"),
            Word("closed", "waf::transaction::judged", "OverBudget::Closed"),
        ],
    ),
    row("waf.audit.path", &[Case("waf::an_attack_is_blocked_and_told")]),
    row("waf.audit.queue", &[Read("waf::audit::open", "written.queue")]),
    row("waf.audit.redact[]", &[Case("waf::secrets_are_not_in_the_audit_log")]),
    // What listeners have otherwise.
    row(
        "listeners.NAME.waf.mode",
        &[
            Read("waf::settings::with", "overlay.mode"),
            Case("waf::a_listener_has_a_mode_for_routes_that_say_nothing"),
            Word("off", "waf::settings::mode_for", "WafMode::Off => Mode::Off"),
            Word("enforce", "waf::settings::mode_for", "WafMode::Enforce if enforced => Mode::On"),
            Word(
                "detect",
                "waf::settings::mode_for",
                "WafMode::Detect | WafMode::Enforce => Mode::DetectionOnly",
            ),
        ],
    ),
    row(
        "listeners.NAME.waf.enforce_percent",
        &[Read("waf::settings::with", "overlay.enforce_percent")],
    ),
    row("listeners.NAME.waf.paranoia", &[Read("waf::settings::with", "overlay.paranoia")]),
    row(
        "listeners.NAME.waf.inbound_threshold",
        &[Read("waf::settings::with", "overlay.inbound_threshold")],
    ),
    row(
        "listeners.NAME.waf.outbound_threshold",
        &[Read("waf::settings::with", "overlay.outbound_threshold")],
    ),
    row(
        "listeners.NAME.waf.early_blocking",
        &[Read("waf::settings::with", "overlay.early_blocking")],
    ),
    row("listeners.NAME.waf.responses", &[Read("waf::settings::with", "overlay.responses")]),
    row(
        "listeners.NAME.waf.over_budget",
        &[
            Read("waf::settings::with", "overlay.over_budget"),
            Word("open", "waf::transaction::judged", "OverBudget::Closed"),
            Word("closed", "waf::transaction::judged", "OverBudget::Closed"),
        ],
    ),
    row(
        "listeners.NAME.waf.over_limit",
        &[
            Read("waf::settings::with", "overlay.over_limit"),
            Word("reject", "waf::transaction::request_body", "OverLimit::Reject"),
            Word("process_partial", "waf::transaction::request_body", "OverLimit::Reject"),
        ],
    ),
    row(
        "listeners.NAME.waf.exclude[].rule",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "listeners.NAME.waf.exclude[].tag",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "listeners.NAME.waf.exclude[].target",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "listeners.NAME.waf.exclude[].path",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "listeners.NAME.waf.exclude[].expires",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "listeners.NAME.waf.exclude[].reason",
        &[Read("config::check::waf::exclusions", "exclusion.reason")],
    ),
    row("listeners.NAME.waf.require_classes[]", REQUIRED),
    // tenants.
    row(
        "tenants.NAME.hosts[]",
        &[Case("tenants::a_tenant_is_told_by_its_host_and_then_by_a_field")],
    ),
    row("tenants.NAME.limits[]", &[Case("rate_limits::a_tenant_has_limits_of_its_own")]),
    row(
        "limits.NAME.key[]",
        &[
            Case("rate_limits::keys_are_parts_of_the_request"),
            Read("filter::rate_limit::key::compile", "LimitKey::Path => Some(Ok(Source::Path))"),
        ],
    ),
    row(
        "limits.NAME.missing",
        &[
            Case("rate_limits::what_lacks_a_part_of_the_key_is_shared_or_skipped"),
            Word("share", "filter::rate_limit::key::feed", "self.missing == MissingKey::Skip"),
        ],
    ),
    row("limits.NAME.rate", &[Case("rate_limits::who_is_over_its_rate_is_told_when_to_come_back")]),
    row(
        "limits.NAME.burst",
        &[Case("rate_limits::who_is_over_its_rate_is_told_when_to_come_back")],
    ),
    row(
        "limits.NAME.concurrency",
        &[Case("rate_limits::requests_at_once_are_counted_until_their_last_byte")],
    ),
    row("limits.NAME.bandwidth", &[Case("rate_limits::bodies_keep_to_a_bandwidth")]),
    row(
        "limits.NAME.max_keys",
        &[
            Read("limit::state::of", "Table::new(limit.max_keys as usize)"),
            Case("rate_limits::sprayed_keys_give_nobody_a_fresh_bucket"),
        ],
    ),
    row(
        "limits.NAME.store.redis",
        &[
            Case("global_limits::two_replicas_share_one_quota"),
            Read("limit::store::link::connect", "link.url"),
        ],
    ),
    row("limits.NAME.store.user", &[Case("global_limits::a_store_may_want_a_password")]),
    row("limits.NAME.store.password.env", &[Read("limit::store::read", "env::var(name)")]),
    row("limits.NAME.store.password.file", &[Case("global_limits::a_store_may_want_a_password")]),
    row(
        "limits.NAME.store.timeout",
        &[Case("global_limits::a_silent_store_leaves_each_replica_its_share")],
    ),
    row(
        "limits.NAME.store.replicas",
        &[Case("global_limits::a_silent_store_leaves_each_replica_its_share")],
    ),
    row("limits.NAME.dry_run", &[Case("rate_limits::a_dry_run_refuses_nothing")]),
    row("tenants.NAME.class", &[Case("overload::routes_and_tenants_have_classes")]),
    row("routes[].class", &[Case("overload::routes_and_tenants_have_classes")]),
    row(
        "overload.concurrency.max",
        &[Case("overload::no_more_than_the_limit_pass_and_the_others_are_told_when_to_come_back")],
    ),
    row(
        "overload.concurrency.adaptive",
        &[Case("overload::an_adaptive_limit_follows_its_origin_down_and_up")],
    ),
    row(
        "overload.concurrency.min",
        &[
            Case("overload::an_adaptive_limit_follows_its_origin_down_and_up"),
            Read("config::overload::least", "self.min.unwrap_or(LEAST)"),
        ],
    ),
    row(
        "clusters.NAME.concurrency.max",
        &[Case("overload::clusters_and_routes_have_limits_of_their_own")],
    ),
    row(
        "clusters.NAME.concurrency.adaptive",
        &[Read("config::overload::least", "if self.adaptive")],
    ),
    row(
        "clusters.NAME.concurrency.min",
        &[Read("config::overload::least", "self.min.unwrap_or(LEAST)")],
    ),
    row(
        "routes[].concurrency.max",
        &[Case("overload::clusters_and_routes_have_limits_of_their_own")],
    ),
    row("routes[].concurrency.adaptive", &[Read("config::overload::least", "if self.adaptive")]),
    row(
        "routes[].concurrency.min",
        &[Read("config::overload::least", "self.min.unwrap_or(LEAST)")],
    ),
    row("overload.queue.max", &[Case("overload::a_queue_lets_requests_wait_until_a_deadline")]),
    row(
        "overload.queue.deadline",
        &[Case("overload::a_queue_lets_requests_wait_until_a_deadline")],
    ),
    row("overload.memory", &[Case("overload::a_resource_that_runs_short_sheds_by_class")]),
    row("overload.cpu", &[Case("overload::a_processor_that_is_busy_sheds_by_class")]),
    row("overload.files", &[Case("overload::a_resource_that_runs_short_sheds_by_class")]),
    row("overload.shed_order[]", &[Case("overload::what_is_listed_first_is_shed_first")]),
    row(
        "overload.classes.NAME.header.name",
        &[Case("overload::what_is_listed_first_is_shed_first")],
    ),
    row(
        "overload.classes.NAME.header.value",
        &[Case("overload::what_is_listed_first_is_shed_first")],
    ),
    row(
        "tenants.NAME.header.name",
        &[Case("tenants::a_tenant_is_told_by_its_host_and_then_by_a_field")],
    ),
    row(
        "tenants.NAME.header.value",
        &[Case("tenants::a_tenant_is_told_by_its_host_and_then_by_a_field")],
    ),
    row(
        "tenants.NAME.waf.mode",
        &[
            Read("waf::settings::with", "overlay.mode"),
            Case("tenants::the_route_goes_before_the_tenant_and_the_tenant_before_the_listener"),
            Word("off", "waf::settings::mode_for", "WafMode::Off => Mode::Off"),
            Word("enforce", "waf::settings::mode_for", "WafMode::Enforce if enforced => Mode::On"),
            Word(
                "detect",
                "waf::settings::mode_for",
                "WafMode::Detect | WafMode::Enforce => Mode::DetectionOnly",
            ),
        ],
    ),
    row(
        "tenants.NAME.waf.enforce_percent",
        &[Read("waf::settings::with", "overlay.enforce_percent")],
    ),
    row("tenants.NAME.waf.paranoia", &[Read("waf::settings::with", "overlay.paranoia")]),
    row(
        "tenants.NAME.waf.inbound_threshold",
        &[Read("waf::settings::with", "overlay.inbound_threshold")],
    ),
    row(
        "tenants.NAME.waf.outbound_threshold",
        &[Read("waf::settings::with", "overlay.outbound_threshold")],
    ),
    row(
        "tenants.NAME.waf.early_blocking",
        &[Read("waf::settings::with", "overlay.early_blocking")],
    ),
    row("tenants.NAME.waf.responses", &[Read("waf::settings::with", "overlay.responses")]),
    row(
        "tenants.NAME.waf.over_budget",
        &[
            Read("waf::settings::with", "overlay.over_budget"),
            Word("open", "waf::transaction::judged", "OverBudget::Closed"),
            Word("closed", "waf::transaction::judged", "OverBudget::Closed"),
        ],
    ),
    row(
        "tenants.NAME.waf.over_limit",
        &[
            Read("waf::settings::with", "overlay.over_limit"),
            Word("reject", "waf::transaction::request_body", "OverLimit::Reject"),
            Word("process_partial", "waf::transaction::request_body", "OverLimit::Reject"),
        ],
    ),
    row(
        "tenants.NAME.waf.exclude[].rule",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "tenants.NAME.waf.exclude[].tag",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "tenants.NAME.waf.exclude[].target",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "tenants.NAME.waf.exclude[].path",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "tenants.NAME.waf.exclude[].expires",
        &[Case("tenants::exclusions_of_listeners_tenants_and_routes_add_up")],
    ),
    row(
        "tenants.NAME.waf.exclude[].reason",
        &[Read("config::check::waf::exclusions", "exclusion.reason")],
    ),
    row("tenants.NAME.waf.require_classes[]", REQUIRED),
];

/// `require_classes`, wherever it stands.
const REQUIRED: &[Effect] = &[
    Read("waf::settings::with", "overlay.require_classes"),
    Case("posture::a_load_that_opens_a_required_class_is_refused"),
    Unit("waf::posture::tests::every_class_can_be_required"),
];

const fn row(key: &'static str, effects: &'static [Effect]) -> Row {
    Row { key, effects }
}

type Values = &'static [&'static str];

const fn compiled(part: Part, lines: &'static str, values: Values) -> Effect {
    Compiled { part, lines, values }
}

const fn cluster(lines: &'static str, values: Values) -> Effect {
    compiled(Part::Cluster, lines, values)
}

const fn rollout(lines: &'static str, values: Values) -> Effect {
    compiled(Part::Rollout, lines, values)
}

const fn route(lines: &'static str, values: Values) -> Effect {
    compiled(Part::Route, lines, values)
}

const fn table(lines: &'static str, values: Values) -> Effect {
    compiled(Part::Table, lines, values)
}
