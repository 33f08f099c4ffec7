use super::check;
use crate::config::{diagnostic::tests::run_cases, load::parse};

/// Added to each case but those that begin with `# bare`.
const BASE: &str = r#"
[listeners.base]
listen = "127.0.0.1:1"
[clusters.base]
endpoints = ["http://127.0.0.1:2"]
[[routes]]
to = "cluster:base"
"#;

#[test]
fn what_does_not_fit_together_is_found() {
    run_cases(include_str!("cases.txt"), |text| {
        let base = if text.starts_with("# bare") { "" } else { BASE };
        let loaded = parse("test.toml", &format!("{text}{base}"))
            .unwrap_or_else(|report| panic!("{report}"));
        Some(loaded.locate(check(&loaded.config)))
    });
}
