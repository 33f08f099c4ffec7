use super::{figure::CPU, *};
use crate::scenario::SCENARIOS;

fn row(contender: &'static str, is_peer: bool, cpu: &[f64]) -> Row {
    let sample = |cpu: &f64| Sample {
        answers: 10,
        cpu_us: Some(*cpu),
        per_second: 1e6 / cpu,
        memory_mib: 8.0,
        ..Sample::default()
    };
    Row { contender, is_peer, samples: cpu.iter().map(sample).collect() }
}

/// The first scenario, whose bar is a thirtieth.
fn table_of(rows: Vec<Row>) -> Table {
    Table { scenario: &SCENARIOS[0], rows, absent: Vec::new() }
}

#[test]
fn a_median_is_the_middle_or_the_mean_of_both() {
    assert_eq!(figure::median(vec![]), None);
    assert_eq!(figure::median(vec![3.0]), Some(3.0));
    assert_eq!(figure::median(vec![9.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(figure::median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
}

#[test]
fn ratios_are_to_the_best_peer_in_each_figure() {
    let rows = vec![
        row("foxtrot", false, &[50.0]),
        row("nginx", true, &[200.0]),
        row("envoy", true, &[100.0]),
    ];
    let table = table_of(rows);
    let ratios =
        |figure| table.rows.iter().map(|r| table.ratio(r, figure).unwrap()).collect::<Vec<_>>();
    assert_eq!(ratios(&CPU), [0.5, 2.0, 1.0]);
    assert_eq!(ratios(&FIGURES[1]), [2.0, 0.5, 1.0]);
    assert_eq!(table.ratio(&table.rows[0], &FIGURES[2]), None);
}

#[test]
fn without_a_peer_there_is_no_ratio_and_no_bar() {
    let text = table(&table_of(vec![row("foxtrot", false, &[50.0, 60.0, 70.0])]));
    assert!(text.contains("| foxtrot | 60.0 | 16667 | 8.0 | 0 |"), "{text}");
    assert!(!text.contains("bar"), "{text}");
}

#[test]
fn a_table_says_whether_the_bar_is_met() {
    for (ours, verdict) in [
        (100.0, "1/40.0 of the best peer's CPU, the bar is 1/30: met"),
        (200.0, "1/20.0 of the best peer's CPU, the bar is 1/30: **missed**"),
    ] {
        let rows = vec![row("foxtrot", false, &[ours]), row("nginx", true, &[4000.0])];
        let text = table(&table_of(rows));
        assert!(text.contains(verdict), "{text}");
    }
}

#[test]
fn errors_and_failures_are_marked_and_unsound() {
    let report = |tables| Report {
        machine: Machine::find(crate::launch::Cores::Shared),
        commit: "abc".to_owned(),
        crs: None,
        contenders: vec![("foxtrot", "1".to_owned()), ("nginx", "2".to_owned())],
        missing: vec![],
        rounds: 1,
        length: Duration::from_secs(1),
        tables,
    };
    assert!(!report(vec![]).is_sound());
    assert!(!report(vec![table_of(vec![])]).is_sound());
    assert!(report(vec![table_of(vec![row("foxtrot", false, &[1.0])])]).is_sound());

    let mut wrong = row("nginx", true, &[1.0]);
    wrong.samples[0].errors = 7;
    wrong.samples[0].cause = Some("answered 502".to_owned());
    let with_errors = table_of(vec![wrong]);
    let text = table(&with_errors);
    assert!(text.contains("**nginx has 7 errors**, the first: answered 502"), "{text}");
    assert!(!report(vec![with_errors]).is_sound());

    let mut failed = table_of(vec![row("foxtrot", false, &[1.0])]);
    failed.absent.push(Absent::failed("nginx", &anyhow::anyhow!("it ended at once")));
    let text = table(&failed);
    assert!(text.contains("nginx is not in it: **failed**: it ended at once"), "{text}");
    assert!(!report(vec![failed]).is_sound());

    let mut unfit = table_of(vec![row("foxtrot", false, &[1.0])]);
    unfit.absent.push(Absent::unfit("envoy", "has no WAF"));
    assert!(report(vec![unfit]).is_sound());
}

#[test]
fn summary_and_json_have_all_scenarios() {
    let rows = vec![row("foxtrot", false, &[50.0]), row("nginx", true, &[200.0])];
    let report = Report {
        machine: Machine::find(crate::launch::Cores::Shared),
        commit: "abc".to_owned(),
        crs: None,
        contenders: vec![
            ("foxtrot", "1".to_owned()),
            ("nginx", "2".to_owned()),
            ("envoy", "3".to_owned()),
        ],
        missing: vec!["caddy"],
        rounds: 1,
        length: Duration::from_secs(1),
        tables: vec![table_of(rows)],
    };
    let text = summary(&report);
    assert!(text.contains("| 50.0 | 200.0 | 4.00 |"), "{text}");
    let json = json(&report);
    let row = &json["scenarios"][0]["rows"][0];
    assert_eq!(
        (&row["median"]["cpu_us"], &row["ratio_to_best_peer"]["cpu_us"]),
        (&50.0.into(), &0.25.into())
    );
    assert_eq!((&json["missing"][0], &json["seconds"]), (&"caddy".into(), &1.0.into()));
}
