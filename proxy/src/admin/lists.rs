//! `/lists`: allow and deny lists that are changed while the proxy runs.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    response::{IntoResponse, Response},
};
use foxtrot_api::{ListChange, ListEntry, ListName};
use serde::Deserialize;

use super::{
    Operations,
    router::{Refusal, refuse},
};
use crate::{
    config::{self, Cidr},
    filter::live_lists::{Entry, List},
};

/// Which entry to take off.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    list: ListName,
    block: String,
}

const REASON_BYTES_MAX: usize = 200;
const LASTS_MIN: Duration = Duration::from_secs(1);
const LASTS_MAX: Duration = Duration::from_secs(365 * 86_400);

pub(super) async fn show<O: Operations>(State(ops): State<Arc<O>>) -> Json<Vec<ListEntry>> {
    Json(ops.lists().await.iter().map(told).collect())
}

pub(super) async fn add<O: Operations>(
    State(ops): State<Arc<O>>,
    change: Result<Json<ListChange>, JsonRejection>,
) -> Response {
    let added = match change {
        Ok(Json(change)) => match read(&change) {
            Ok((list, block, lasts)) => ops.list(list, block, lasts, change.reason).await,
            Err(why) => return refuse(&Refusal::Input(why)),
        },
        Err(rejection) => return refuse(&Refusal::Input(rejection.body_text())),
    };
    match added {
        Ok(entry) => Json(told(&entry)).into_response(),
        Err(why) => refuse(&Refusal::Unlisted(why)),
    }
}

pub(super) async fn remove<O: Operations>(
    State(ops): State<Arc<O>>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    let which = match which {
        Ok(Query(which)) => which,
        Err(rejection) => return refuse(&Refusal::Input(rejection.body_text())),
    };
    let block: Cidr = match which.block.parse() {
        Ok(block) => block,
        Err(why) => return refuse(&Refusal::Input(why)),
    };
    match ops.unlist(list(which.list), block).await {
        Some(entry) => Json(told(&entry)).into_response(),
        None => refuse(&Refusal::NotListed(block, which.list.as_str())),
    }
}

fn read(change: &ListChange) -> Result<(List, Cidr, Duration), String> {
    let lasts: config::Duration = change.lasts.parse()?;
    if !(LASTS_MIN..=LASTS_MAX).contains(&lasts.0) {
        return Err(format!("`for` is a second to 365 days, not {}", change.lasts));
    }
    if change.reason.len() > REASON_BYTES_MAX || change.reason.chars().any(char::is_control) {
        return Err(format!("`reason` is a line of at most {REASON_BYTES_MAX} bytes"));
    }
    Ok((list(change.list), change.block.parse()?, lasts.0))
}

fn list(name: ListName) -> List {
    match name {
        ListName::Allow => List::Allow,
        ListName::Deny => List::Deny,
    }
}

fn told(entry: &Entry) -> ListEntry {
    // Milliseconds fit for half a billion years.
    let ms = |time: Duration| time.as_millis() as u64;
    ListEntry {
        list: match entry.list {
            List::Allow => ListName::Allow,
            List::Deny => ListName::Deny,
        },
        block: entry.block.to_string(),
        since: ms(entry.since),
        until: ms(entry.until),
        reason: entry.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_whom_and_how_long() {
        let change = |block: &str, lasts: &str, reason: &str| {
            read(&ListChange {
                list: ListName::Deny,
                block: block.into(),
                lasts: lasts.into(),
                reason: reason.into(),
            })
        };
        let ten_minutes = Duration::from_secs(600);
        let block = "203.0.113.0/24";
        assert_eq!(change(block, "10m", ""), Ok((List::Deny, block.parse().unwrap(), ten_minutes)));
        for (block, lasts, reason) in [
            ("203.0.113.1/24", "10m", ""),
            ("example.com", "10m", ""),
            ("", "10m", ""),
            (block, "10", ""),
            (block, "0s", ""),
            (block, "999ms", ""),
            (block, "366d", ""),
            (block, "-1s", ""),
            (block, "10m", "two\nlines"),
            (block, "10m", &"x".repeat(201)),
        ] {
            assert!(change(block, lasts, reason).is_err(), "{block} {lasts} {reason}");
        }
    }
}
