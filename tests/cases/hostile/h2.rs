//! Runs the rows of HTTP/2 against a proxy whose origin keeps every byte that reaches it.

use e2e::*;

use super::{
    Findings, ensure,
    h2_data::{Expect, Row, rows},
    in_time,
};

#[tokio::test]
async fn hostile_frames_are_refused() {
    let origin = RawOrigin::good().await;
    let proxy = Proxy::to(&origin).await;
    let mut findings = Findings::default();
    for row in rows() {
        // What the row before has left in flight is not this row's.
        assert_eq!(proxy.client().await.get("/between").await.status, 200, "before {}", row.id);
        let before = origin.received().len();
        findings.add(row.id, row.input, in_time(play(&row, &proxy)).await);
        let arrived = origin.received()[before..].to_vec();
        findings.add(row.id, row.input, clean(&row, &arrived));
    }
    findings.none();
    assert_eq!(proxy.h2c().await.get("/good").await.status, 200);
    assert_eq!(proxy.client().await.get("/good").await.status, 200);
}

#[tokio::test]
async fn a_flooded_proxy_stays_small_and_serves() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let before = proxy.rss_bytes();
    for row in rows().into_iter().filter(|row| row.expect == Expect::Calmed) {
        for _ in 0..8 {
            let mut h2 = H2::connect(proxy.http()).await;
            h2.bytes(&row.bytes).await;
        }
        assert_eq!(proxy.h2c().await.get("/").await.status, 200, "{}", row.id);
        let grown = proxy.rss_bytes().saturating_sub(before);
        assert!(grown < 64 << 20, "{} cost {} MiB", row.id, grown >> 20);
    }
}

/// What may have reached the upstream.
fn clean(row: &Row, arrived: &[u8]) -> Result<(), String> {
    let text = || String::from_utf8_lossy(arrived).into_owned();
    match row.expect {
        Expect::Served | Expect::Calmed => Ok(()),
        Expect::Harmless(what) => {
            ensure(!text().contains(what), || format!("the upstream got {:?}", text()))
        }
        Expect::Cut => ensure(!arrived.ends_with(b"0\r\n\r\n"), || {
            format!("the upstream got all of {:?}", text())
        }),
        _ => ensure(arrived.is_empty(), || format!("the upstream got {:?}", text())),
    }
}

async fn play(row: &Row, proxy: &Proxy) -> Result<(), String> {
    let mut h2 = if row.expect == Expect::NoPreface {
        H2::bare(proxy.http()).await
    } else {
        H2::connect(proxy.http()).await
    };
    h2.bytes(&row.bytes).await;
    match row.expect {
        Expect::Calmed => {
            let served = proxy.client().await.get("/good").await.status == 200;
            ensure(served, || "nobody is served".into())?;
            match h2.connection_outcome().await {
                Outcome::GoAway(11) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }
        Expect::ConnectionEnds => match h2.connection_outcome().await {
            Outcome::GoAway(_) | Outcome::Closed => Ok(()),
            other => Err(format!("{other:?}")),
        },
        Expect::NoPreface => {
            // Whatever comes back, an HTTP/1 refusal perhaps: it is no answer to a request.
            let answer = String::from_utf8_lossy(&h2.read_to_end().await).into_owned();
            ensure(!answer.contains(" 200 "), || format!("served: {answer}"))
        }
        Expect::Harmless(_) => {
            h2.outcome(1).await;
            Ok(())
        }
        Expect::Refused | Expect::Cut => match h2.outcome(1).await {
            Outcome::Status(400) | Outcome::Reset(_) | Outcome::GoAway(_) | Outcome::Closed => {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        },
        Expect::TooLarge => match h2.outcome(1).await {
            Outcome::Status(200..400) => Err("served".into()),
            _ => Ok(()),
        },
        Expect::Status(status) => match h2.outcome(1).await {
            Outcome::Status(found) if found == status => Ok(()),
            other => Err(format!("{other:?} instead of {status}")),
        },
        Expect::Served => match h2.outcome(1).await {
            Outcome::Status(200) => Ok(()),
            other => Err(format!("{other:?}")),
        },
    }
}
