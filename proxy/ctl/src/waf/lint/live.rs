//! The configuration and rules in force: what looks wrong in them, as the proxy itself says.

use std::{cmp::Reverse, process::ExitCode};

use foxtrot_api::{WafSeverity, WafStatus};

use crate::{
    client::Admin,
    failure::{FINDING, Failure},
    output::Output,
};

/// Prints the findings, the gravest first; warnings make it a finding.
pub(super) async fn run(admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let answer = admin.get::<WafStatus>("/waf").await?;
    let mut lint = answer.value.lint;
    lint.sort_by_key(|finding| Reverse(finding.severity));
    if out.json {
        let text = serde_json::to_vec(&serde_json::json!({ "findings": lint }));
        out.text(&text.map_err(|error| Failure::Failed(error.to_string()))?)?;
    } else if answer.value.rules.is_none() {
        out.line("no WAF: the configuration has no [waf]")?;
    } else if lint.is_empty() {
        out.line("nothing looks wrong")?;
    }
    let printed = if out.json { &[][..] } else { &lint[..] };
    for finding in printed {
        let severity = match finding.severity {
            WafSeverity::Warning => "warning",
            WafSeverity::Note => "note",
        };
        out.line(format_args!("{severity}: {}: {}", finding.at, finding.words))?;
    }
    out.flush()?;
    let warned = lint.iter().any(|finding| finding.severity == WafSeverity::Warning);
    Ok(ExitCode::from(if warned { FINDING } else { 0 }))
}
