//! A suite's files as they are written: the YAML of go-ftw (schema 2 and 3 of ftw-tests-schema), and of its platform overrides.
//!
//! Keys that say what is sent or expected must be known: one that was passed over would make a test pass for nothing. Keys
//! that only describe are named and left.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};

/// A file of tests, or one of overrides. Other keys of the outermost level describe.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    pub(crate) rule_id: Option<u64>,
    pub(crate) tests: Option<Vec<Test>>,
    pub(crate) test_overrides: Option<Vec<Override>>,
}

/// A test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    /// Its position in the file, from 1, where it is not written.
    pub(crate) test_id: Option<u64>,
    pub(crate) stages: Vec<Stage>,
    #[serde(rename = "test_title")]
    _title: Option<IgnoredAny>,
    #[serde(rename = "desc")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "tags")]
    _tags: Option<IgnoredAny>,
}

/// A request of a test, and what is expected of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    pub(crate) input: Input,
    #[serde(default)]
    pub(crate) output: Output,
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
}

/// What is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    pub(crate) method: Option<String>,
    pub(crate) uri: Option<String>,
    /// In place of `uri`: the stage is played once for each.
    pub(crate) uris: Option<Vec<String>>,
    pub(crate) version: Option<String>,
    /// In the order of their names, which is the order that they are sent in.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) data: Option<String>,
    pub(crate) encoded_data: Option<String>,
    pub(crate) encoded_request: Option<String>,
    pub(crate) autocomplete_headers: Option<bool>,
    /// The older name of the opposite of `autocomplete_headers`.
    pub(crate) stop_magic: Option<bool>,
    pub(crate) save_cookie: Option<bool>,
    pub(crate) follow_redirect: Option<bool>,
    pub(crate) virtual_host_mode: Option<bool>,
    // Where to send is said on the command line.
    #[serde(rename = "dest_addr")]
    _address: Option<IgnoredAny>,
    #[serde(rename = "port")]
    _port: Option<IgnoredAny>,
    #[serde(rename = "protocol")]
    _protocol: Option<IgnoredAny>,
}

/// What is expected.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Output {
    pub(crate) status: Option<u16>,
    pub(crate) response_contains: Option<String>,
    /// The older name of `log.match_regex`.
    pub(crate) log_contains: Option<String>,
    /// The older name of `log.no_match_regex`.
    pub(crate) no_log_contains: Option<String>,
    #[serde(default)]
    pub(crate) log: Log,
    #[serde(default)]
    pub(crate) expect_error: bool,
    #[serde(default)]
    pub(crate) retry_once: bool,
    #[serde(default)]
    pub(crate) isolated: bool,
}

/// What is expected of the log.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    #[serde(default)]
    pub(crate) expect_ids: Vec<u64>,
    #[serde(default)]
    pub(crate) no_expect_ids: Vec<u64>,
    pub(crate) match_regex: Option<String>,
    pub(crate) no_match_regex: Option<String>,
}

/// What a platform is expected to do instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Override {
    pub(crate) rule_id: u64,
    /// All tests of the rule where none is named.
    #[serde(default)]
    pub(crate) test_ids: Vec<u64>,
    /// Positions from 0; all stages where none is named.
    #[serde(default)]
    pub(crate) stage_ids: Vec<usize>,
    pub(crate) retry_once: Option<bool>,
    /// Takes the place of the whole output. Without it anything goes, as long as there is an answer.
    #[serde(default)]
    pub(crate) output: Output,
    #[serde(rename = "reason")]
    _reason: Option<IgnoredAny>,
}
