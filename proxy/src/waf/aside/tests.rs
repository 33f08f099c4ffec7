//! A transaction that is away comes back, or ends where it is; it is never lost.

use std::sync::mpsc;

use foxtrot_waf::{Beginning, Mode, Policy, RuleSet, Store, seclang::Memory};

use super::*;

const RULES: &str = "SecRule ARGS:q \"@streq x\" \"id:1,phase:2,deny\"\n";

fn transaction() -> Transaction {
    let files = Memory::from_iter([("rules.conf", RULES)]);
    let rules = RuleSet::load(&files, &["rules.conf"]).unwrap();
    let policy = Arc::new(Policy::new(rules).mode(Mode::On));
    let beginning = Beginning { id: b"id", now: 0, budget: u64::MAX };
    let mut tx = Transaction::new(&policy, &Arc::new(Store::new(1)), &beginning, &mut engine());
    tx.request_line(b"GET", b"/?q=x", b"HTTP/1.1");
    tx
}

fn step(tx: &mut Transaction, engine: &mut Engine) -> Judgement {
    tx.request_headers(engine);
    tx.request_complete(engine)
}

/// Waits until the test lets it go on.
fn held_step(tx: &mut Transaction, engine: &mut Engine) -> Judgement {
    drop(GATE.lock());
    step(tx, engine)
}

static GATE: Mutex<()> = Mutex::new(());

/// What is left for the end: it tells what rules matched.
fn end(tell: mpsc::Sender<usize>) -> End {
    Box::new(move |tx, _| tell.send(tx.report().matches.len()).unwrap())
}

#[tokio::test]
async fn what_was_judged_comes_back() {
    let aside = Aside::default();
    let (tx, judgement) = aside.run(turn().await.unwrap(), transaction(), step).await.unwrap();
    assert!(matches!(judgement, Judgement::Interrupt(_)));
    assert_eq!(tx.report().matches.len(), 1);
    let (tell, told) = mpsc::channel();
    aside.leave(&mut engine(), end(tell));
    assert!(told.recv().is_err(), "it is back, and nobody ends it there");
}

#[tokio::test]
async fn whoever_leaves_while_it_runs_leaves_the_end_too() {
    let (aside, (tell, told)) = (Aside::default(), mpsc::channel());
    let turn = turn().await.unwrap();
    let gate = GATE.lock();
    let mut run = Box::pin(aside.run(turn, transaction(), held_step));
    assert!(look_once(&mut run).is_none(), "it is held");
    drop(run);
    aside.leave(&mut engine(), end(tell));
    drop(gate);
    assert_eq!(told.recv(), Ok(1));
}

#[tokio::test]
async fn whoever_leaves_when_it_is_done_ends_it() {
    let (aside, (tell, told)) = (Aside::default(), mpsc::channel());
    aside.settle(transaction(), Judgement::Pass, &mut engine());
    aside.leave(&mut engine(), end(tell));
    assert_eq!(told.recv(), Ok(0), "no phase has run");
}

/// One look at a future.
fn look_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let waker = std::task::Waker::noop();
    match std::pin::Pin::new(future).poll(&mut std::task::Context::from_waker(waker)) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
