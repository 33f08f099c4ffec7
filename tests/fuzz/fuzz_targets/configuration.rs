//! Configuration text: read, compared with the schema, checked. No file that it names is opened. What is taken reads back
//! from its canonical form as the same, and every problem has a place that can be shown.
#![no_main]

use foxtrot::{
    config::{check, load},
    route::matcher::RouteTable,
};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|text: &str| -> Corpus {
    let loaded = match load::parse("fuzz.toml", text) {
        Ok(loaded) => loaded,
        Err(report) => {
            assert!(!report.is_empty());
            shown(&report);
            return Corpus::Keep;
        }
    };
    let again = load::parse("again.toml", &loaded.text)
        .unwrap_or_else(|report| panic!("{report}\n{}", loaded.text));
    assert_eq!((again.hash, &again.text), (loaded.hash, &loaded.text));
    let problems = check::check(&loaded.config);
    if !problems.is_empty() {
        shown(&loaded.locate(problems));
    } else if RouteTable::compile(&loaded.config.routes).is_ok() {
        assert!(RouteTable::compile(&again.config.routes).is_ok());
    }
    Corpus::Keep
});

fn shown(report: &foxtrot::config::diagnostic::Report) {
    assert!(!report.to_string().is_empty());
    assert!(report.entries().iter().all(|entry| entry.line > 0 && entry.column > 0));
}
