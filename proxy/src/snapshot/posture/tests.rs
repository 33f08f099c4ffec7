use super::*;
use crate::{config::load, tenant::Tenants, waf};

fn posture(dir: &std::path::Path, metrics: &Arc<Metrics>) -> Arc<Posture> {
    let path = dir.join("test.conf");
    std::fs::write(&path, "SecRule ARGS \"@contains script\" \"id:1,phase:2,deny\"\n").unwrap();
    let text = format!(
        "[listeners.http]\nlisten = \"127.0.0.1:0\"\n[waf]\nrules = [{path:?}]\n[[routes]]\nto = \"respond:200\"\n"
    );
    let config = load::parse("test.toml", &text).unwrap().config;
    let tenants = Tenants::compile(&config).unwrap();
    let compiled = waf::compile(&config, &tenants, None, metrics).unwrap();
    Arc::clone(compiled.posture().unwrap())
}

/// Runs so far, by the time of the last.
async fn next_run(posture: &Arc<Posture>, before: Option<u64>) -> u64 {
    loop {
        match posture.runs() {
            runs if Some(runs) > before && runs > 0 => return runs,
            _ => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn probes_run_at_once_and_every_minute_until_another_takes_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Arc::new(Metrics::new(1));
    let (first, second) = (posture(dir.path(), &metrics), posture(dir.path(), &metrics));
    let runs = Runs::default();
    runs.turn_to(Some(&first), &metrics);
    next_run(&first, None).await;
    let began = clock::now();
    next_run(&first, Some(1)).await;
    let waited = clock::now() - began;
    assert!(waited >= Duration::from_secs(58) && waited <= Duration::from_secs(65), "{waited:?}");
    runs.turn_to(Some(&second), &metrics);
    next_run(&second, None).await;
    let before = first.runs();
    next_run(&second, Some(2)).await;
    assert_eq!(first.runs(), before, "the one before has ended");
    drop((first, second));
    runs.turn_to(None, &metrics);
    while metrics.render().unwrap().contains("foxtrot_waf_posture_classes{") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
