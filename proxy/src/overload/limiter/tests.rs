//! Places are given back, kept to their number, and given to those who wait in their order.

use std::time::Duration;

use super::*;
use crate::observe::metrics::Metrics;

fn limiter(max: u32, queue: Option<(u32, u64)>, tenants: u64) -> Arc<Limiter> {
    let metrics = Metrics::new(1);
    let counters = || Shed::ALL.map(|why| metrics.overload_shed("process", "x", why.as_str()));
    let queue =
        queue.map(|(max, ms)| OverloadQueue { max, deadline: crate::config::Duration::millis(ms) });
    let shares = (1..=tenants).chain([0]).map(Share::new).collect();
    let shed = [counters(), counters(), counters()].into();
    let bounds = Bounds { min: max, max };
    Arc::new(Limiter {
        name: "process".into(),
        bounds,
        queue,
        top: 2,
        shares,
        shed,
        state: State::new(1),
    })
}

fn of(rank: u8, tenant: Option<usize>) -> Asking {
    Asking { class: 0, rank, tenant, worker: 0, chance: 0 }
}

fn why(got: Result<Permit, Error>) -> Option<Shed> {
    match got {
        Ok(_) => None,
        Err(Error::Shed { why, .. }) => Some(why),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn no_more_than_the_limit_are_under_way() {
    let limiter = limiter(10, None, 0);
    let mut held = Vec::new();
    for (rank, places) in [(0, 8), (1, 1), (2, 1)] {
        for _ in 0..places {
            held.push(limiter.enter(&of(rank, None)).await.unwrap());
        }
        assert_eq!(why(limiter.enter(&of(rank, None)).await), Some(Shed::Concurrency));
    }
    assert_eq!(limiter.in_flight(), 10);
    drop(held);
    assert_eq!(limiter.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_what_is_given_back_by_class() {
    let limiter = limiter(1, Some((2, 1_000)), 0);
    let held = limiter.enter(&of(2, None)).await.unwrap();
    let (low, high) = (of(1, None), of(2, None));
    let mut first = Box::pin(limiter.enter(&low));
    let mut second = Box::pin(limiter.enter(&high));
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending());
    assert_eq!(limiter.waiting(), 2);
    // Full: a higher class pushes a lower one out, an equal one does not.
    assert_eq!(why(limiter.enter(&low).await), Some(Shed::QueueFull));
    let mut third = Box::pin(limiter.enter(&high));
    assert!(futures_util::poll!(&mut third).is_pending());
    assert_eq!(why(first.await), Some(Shed::QueueFull));
    drop(held);
    let held = second.await.unwrap();
    assert!(futures_util::poll!(&mut third).is_pending());
    assert_eq!(why(third.await), Some(Shed::QueueDeadline));
    assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 1));
    drop(held);
    assert_eq!(limiter.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_gives_its_place_back() {
    let limiter = limiter(1, Some((5, 1_000)), 0);
    let asking = of(2, None);
    let held = limiter.enter(&asking).await.unwrap();
    let mut waits = Box::pin(limiter.enter(&asking));
    let mut behind = Box::pin(limiter.enter(&asking));
    assert!(futures_util::poll!(&mut waits).is_pending());
    assert!(futures_util::poll!(&mut behind).is_pending());
    // It is given the place and leaves before it hears of that.
    drop(held);
    assert_eq!((limiter.in_flight(), limiter.waiting()), (1, 1));
    drop(waits);
    let held = behind.await.unwrap();
    assert_eq!((limiter.in_flight(), limiter.waiting()), (1, 0));
    drop(held);
    assert_eq!(limiter.in_flight(), 0);
}

#[tokio::test]
async fn a_tenant_with_its_share_leaves_the_others_theirs() {
    let limiter = limiter(10, None, 2);
    let (greedy, modest) = (of(2, Some(0)), of(2, Some(1)));
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(limiter.enter(&greedy).await.unwrap());
    }
    assert_eq!(why(limiter.enter(&greedy).await), Some(Shed::Concurrency));
    for _ in 0..3 {
        assert_eq!(why(limiter.enter(&modest).await), Some(Shed::Concurrency));
    }
    limiter.learn(0.1);
    // Three are wanted by one, eleven by the other, of ten.
    held.truncate(7);
    assert_eq!(why(limiter.enter(&greedy).await), Some(Shed::FairShare));
    for _ in 0..3 {
        held.push(limiter.enter(&modest).await.unwrap());
    }
    drop(held);
    (0..60).for_each(|_| limiter.learn(0.1));
    assert_eq!(limiter.state.fair_share.load(Relaxed), u32::MAX);
}

#[tokio::test]
async fn those_who_are_refused_are_spread() {
    let limiter = limiter(1, None, 0);
    let held = limiter.enter(&of(2, None)).await.unwrap();
    for _ in 0..100 {
        assert_eq!(why(limiter.enter(&of(2, None)).await), Some(Shed::Concurrency));
    }
    limiter.learn(10.0);
    let told = |chance| match limiter.refuse(&Asking { chance, ..of(2, None) }, Shed::Concurrency) {
        Error::Shed { retry_after, .. } => retry_after,
        error => panic!("{error}"),
    };
    assert_eq!(told(0), Duration::from_secs(1));
    assert!(
        told(u64::MAX / 2) > Duration::from_secs(25) && told(u64::MAX) <= Duration::from_mins(1)
    );
    assert_eq!(limiter.shed[0][Shed::Concurrency as usize].value(), 103);
    drop(held);
}

#[test]
fn a_storm_over_threads_loses_no_place() {
    let limiter = limiter(3, Some((4, 5)), 2);
    let storm = |seed: usize| {
        let limiter = Arc::clone(&limiter);
        std::thread::Builder::new().spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let one = |number: usize| {
                    let limiter = Arc::clone(&limiter);
                    async move {
                        let asking = of((number % 3) as u8, Some(number % 2));
                        let entering = limiter.enter(&asking);
                        if number.is_multiple_of(5) {
                            let leaves = Duration::from_micros(number as u64 % 700);
                            drop(tokio::time::timeout(leaves, entering).await);
                        } else if let Ok(permit) = entering.await {
                            assert!(limiter.in_flight() <= 3);
                            tokio::task::yield_now().await;
                            drop(permit);
                        }
                    }
                };
                let all = (0..2_000).map(|number| tokio::spawn(one(number * 7 + seed)));
                for task in all.collect::<Vec<_>>() {
                    task.await.unwrap();
                }
            });
        })
    };
    let threads: Vec<_> = (0..4).map(|seed| storm(seed).unwrap()).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
    assert!(limiter.shares.iter().all(|share| share.in_flight.load(Relaxed) == 0));
}
