//! What a stage is expected to do, and whether it did: go-ftw's checks, as pure functions of what was seen.
//!
//! Where go-ftw stops at the first check that fails, all that fail are told here. The verdict is the same.

use regex::bytes::{Regex, RegexBuilder};

use super::{evidence::Evidence, response::Response, written::Output};

/// What is expected of a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expectation {
    status: Option<u16>,
    response: Option<Regex>,
    ids: Vec<u64>,
    no_ids: Vec<u64>,
    log: Option<Regex>,
    no_log: Option<Regex>,
    error: bool,
    isolated: bool,
    /// Whether a failure is tried again.
    pub(crate) retry_once: bool,
}

/// Statuses that mean that nothing was found, where no log says so.
const PASSED: [u16; 3] = [200, 404, 405];

/// The status that means that something was found, where no log says so.
const BLOCKED: u16 = 403;

impl Expectation {
    /// What a file says.
    pub(crate) fn compile(output: &Output) -> Result<Self, String> {
        let log = &output.log;
        if output.isolated && log.expect_ids.len() != 1 {
            return Err("`isolated` goes with exactly one id in `expect_ids`".to_owned());
        }
        // The older names hold where the newer are not used.
        let older = |name: &Option<String>, ids: &[u64]| {
            name.clone().filter(|text| !text.is_empty() && ids.is_empty())
        };
        let contains = older(&output.log_contains, &log.expect_ids);
        let contains_not = older(&output.no_log_contains, &log.no_expect_ids);
        Ok(Self {
            status: output.status,
            response: pattern("response_contains", output.response_contains.as_deref())?,
            ids: log.expect_ids.clone(),
            no_ids: log.no_expect_ids.clone(),
            log: pattern("match_regex", log.match_regex.as_deref().or(contains.as_deref()))?,
            no_log: pattern(
                "no_match_regex",
                log.no_match_regex.as_deref().or(contains_not.as_deref()),
            )?,
            error: output.expect_error,
            isolated: output.isolated,
            retry_once: output.retry_once,
        })
    }

    /// What is otherwise than expected. Without evidence, that is without a log, the status has to tell.
    pub(crate) fn judge(
        &self,
        answer: &Result<Response, String>,
        evidence: Option<&Evidence>,
    ) -> Vec<String> {
        let response = match (answer, self.error) {
            (Err(_), true) => return Vec::new(),
            (Ok(response), true) => {
                return vec![format!("expected no answer, got status {}", response.status)];
            }
            (Err(error), false) => return vec![format!("no answer: {error}")],
            (Ok(response), false) => response,
        };
        let mut problems = Vec::new();
        if let Some(pattern) = self.response.as_ref().filter(|it| !it.is_match(&response.bytes)) {
            problems.push(format!("expected the response to match {pattern}"));
        }
        match evidence {
            Some(evidence) => {
                if let Some(status) = self.status.filter(|&status| status != response.status) {
                    problems.push(format!("expected status {status}, got {}", response.status));
                }
                self.judge_log(evidence, &mut problems);
            }
            None => problems.extend(self.judge_status(response.status)),
        }
        problems
    }

    /// What is expected, in a line.
    pub(crate) fn summary(&self) -> String {
        let list = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let parts = [
            self.error.then(|| "no answer".to_owned()),
            self.status.map(|status| format!("status {status}")),
            self.response.as_ref().map(|pattern| format!("response matching {pattern}")),
            (!self.ids.is_empty()).then(|| format!("log of {}", list(&self.ids))),
            self.isolated.then(|| "and of nothing else".to_owned()),
            (!self.no_ids.is_empty()).then(|| format!("no log of {}", list(&self.no_ids))),
            self.log.as_ref().map(|pattern| format!("log matching {pattern}")),
            self.no_log.as_ref().map(|pattern| format!("no log matching {pattern}")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "an answer".to_owned() } else { parts.join(", ") }
    }

    fn judge_log(&self, evidence: &Evidence, problems: &mut Vec<String>) {
        let logged = |id: &&u64| evidence.ids.contains(*id);
        let missing = self.ids.iter().filter(|id| !logged(id));
        problems.extend(missing.map(|id| format!("expected a log of {id}")));
        let unwanted = self.no_ids.iter().filter(logged);
        problems.extend(unwanted.map(|id| format!("expected no log of {id}")));
        if self.isolated && evidence.ids.len() > 1 {
            problems.push("expected a log of one rule alone".to_owned());
        }
        if let Some(pattern) = self.log.as_ref().filter(|it| !evidence.matches(it)) {
            problems.push(format!("expected the log to match {pattern}"));
        }
        if let Some(pattern) = self.no_log.as_ref().filter(|it| evidence.matches(it)) {
            problems.push(format!("expected the log not to match {pattern}"));
        }
    }

    /// go-ftw's cloud mode: a WAF that blocks shows by its status what it would have logged.
    fn judge_status(&self, status: u16) -> Option<String> {
        let finds = !self.ids.is_empty() || self.log.is_some();
        let finds_not = !self.no_ids.is_empty() || self.no_log.is_some();
        let well = self.status == Some(status)
            || finds && status == BLOCKED
            || finds_not && PASSED.contains(&status)
            || self.status.is_none() && !finds && !finds_not;
        let expected = match (self.status, finds) {
            (Some(status), _) => status.to_string(),
            (None, true) => BLOCKED.to_string(),
            (None, false) => PASSED.map(|status| status.to_string()).join(" or "),
        };
        (!well).then(|| format!("expected status {expected}, got {status}"))
    }
}

/// As Go has it: classes are of ASCII, and a byte that is no UTF-8 is matched by a dot.
fn pattern(key: &str, text: Option<&str>) -> Result<Option<Regex>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let built = RegexBuilder::new(text).unicode(false).build();
    // Letters beyond ASCII in a class need Unicode.
    let built = built.or_else(|_| Regex::new(text));
    built.map(Some).map_err(|error| format!("`{key}` is no pattern: {error}"))
}

#[cfg(test)]
mod tests;
