use std::fs;

use clap::Parser;
use tempfile::TempDir;

use super::{
    caddy::Caddy,
    envoy::Envoy,
    foxtrot::{Foxtrot, Rules},
    haproxy::HaProxy,
    nginx::Nginx,
    *,
};
use crate::{origin::Ports, scenario::SCENARIOS};

/// All of them, whether installed or not.
fn everybody() -> Vec<Box<dyn Contender>> {
    let crs = || Some(PathBuf::from("/crs"));
    let version = || "1".to_owned();
    let foxtrot = |rules| Foxtrot { program: "foxtrot".into(), version: version(), rules };
    vec![
        Box::new(foxtrot(Rules::Crs(crs()))),
        Box::new(foxtrot(Rules::Managed)),
        Box::new(Nginx { version: version(), modsecurity: Some("/module.so"), crs: crs() }),
        Box::new(HaProxy { version: version() }),
        Box::new(Envoy { version: version() }),
        Box::new(Caddy { version: version() }),
    ]
}

#[derive(Parser)]
struct OriginLine {
    #[command(flatten)]
    ports: Ports,
}

fn ports() -> Ports {
    let line = ["origin", "--http1", "61001", "--http2", "61002", "--shadow", "61003"];
    OriginLine::parse_from(line).ports
}

/// The configuration that a contender writes for a setup: all files of its folder, one after the other.
fn written(contender: &dyn Contender, setup: &Setup) -> String {
    let (home, certificate) = (TempDir::new().unwrap(), Certificate::make().unwrap());
    let site = Site {
        home: home.path(),
        setup,
        clear: 62001,
        tls: 62002,
        origin: ports(),
        certificate: &certificate,
    };
    let command = contender.command(&site).unwrap();
    assert!(command.last().unwrap().is_file(), "{command:?}");
    let files = fs::read_dir(home.path()).unwrap().map(|file| file.unwrap().path());
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn templates_are_filled_in_for_all_that_a_contender_takes_part_in() {
    for contender in everybody() {
        let setups = SCENARIOS.iter().map(|scenario| &scenario.setup);
        let setups: Vec<&Setup> = setups.filter(|s| contender.fit(s) == Fit::Fits).collect();
        assert!(!setups.is_empty(), "{}", contender.name());
        for setup in setups {
            let text = written(contender.as_ref(), setup);
            assert!(!text.contains("{{"), "{}: {text}", contender.name());
            // What a setup asks for is in the configuration of whoever takes part.
            assert_eq!(text.contains("61003"), setup.mirror, "{}: {text}", contender.name());
            assert!(text.contains("6200"), "{}: {text}", contender.name());
            let last = format!("/route-{:05}", setup.routes.saturating_sub(1));
            assert_eq!(text.contains(&last), setup.routes > 1, "{}: {last}", contender.name());
        }
    }
}

#[test]
fn endpoints_are_all_there() {
    let setup = Setup { endpoints: 1_000, ..Setup::PLAIN };
    for contender in everybody() {
        let text = written(contender.as_ref(), &setup);
        assert_eq!(text.matches("127.0.3.250").count(), 1, "{}", contender.name());
        assert_eq!(text.matches("61001").count(), 1_000, "{}", contender.name());
    }
}

#[test]
fn only_who_can_takes_part() {
    let who = |setup: Setup| {
        let all = everybody();
        let fit = all.iter().filter(|contender| contender.fit(&setup) == Fit::Fits);
        fit.map(|contender| contender.name()).collect::<Vec<_>>()
    };
    assert_eq!(who(Setup::PLAIN), ["foxtrot", "nginx", "haproxy", "envoy", "caddy"]);
    let waf = Setup { waf: true, ..Setup::PLAIN };
    assert_eq!(who(waf), ["foxtrot", "foxtrot, managed rules", "nginx"]);
    let mirror = Setup { mirror: true, ..Setup::PLAIN };
    assert_eq!(who(mirror), ["foxtrot", "nginx", "envoy"]);
    let without =
        Foxtrot { program: "foxtrot".into(), version: "1".into(), rules: Rules::Crs(None) };
    assert_eq!(without.fit(&waf), NO_CRS);
}
