//! The routes of one host and path: which of them a request satisfies.
//!
//! Routes that ask for one value of a header field are found by that value: thousands of tenants that are told apart by a
//! field cost what one does.

use std::collections::HashMap;

use http::HeaderName;

use super::{
    conditions::{Rank, field},
    matcher::Entry,
};
use crate::wire::RequestHead;

/// Routes of one host and path.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    by_value: Vec<(HeaderName, ByValue)>,
    others: Vec<usize>,
}

type ByValue = HashMap<Box<[u8]>, Vec<usize>, foldhash::fast::RandomState>;

impl Candidates {
    /// Takes in a route.
    pub(super) fn push(&mut self, route: usize, entry: &Entry) {
        let Some((name, value)) = entry.conditions.value_asked_for() else {
            return self.others.push(route);
        };
        let known = self.by_value.iter().position(|(other, _)| other == name);
        let at = known.unwrap_or_else(|| {
            self.by_value.push((name.clone(), ByValue::default()));
            self.by_value.len() - 1
        });
        self.by_value[at].1.entry(value.into()).or_default().push(route);
    }

    /// Puts the more specific routes first. Called once all are in.
    pub(super) fn sort(&mut self, entries: &[Entry]) {
        let by_value = self.by_value.iter_mut().flat_map(|(_, routes)| routes.values_mut());
        for routes in by_value.chain([&mut self.others]) {
            routes.sort_by_key(|&route| std::cmp::Reverse(entries[route].conditions.rank()));
        }
    }

    /// The most specific route that holds. No two of one rank hold at once: that is a load error.
    pub(super) fn find(
        &self,
        entries: &[Entry],
        head: &RequestHead,
        serves: impl Fn(&Entry) -> bool,
    ) -> Option<usize> {
        let mut best = first(&self.others, entries, &serves);
        for (name, by_value) in &self.by_value {
            let value = field(&head.headers, name);
            let routes = value.and_then(|value| by_value.get(&*value));
            let found = routes.and_then(|routes| first(routes, entries, &serves));
            // Nothing is below a rank.
            best = best.max(found);
        }
        best.map(|(_, route)| route)
    }
}

fn first(
    routes: &[usize],
    entries: &[Entry],
    serves: impl Fn(&Entry) -> bool,
) -> Option<(Rank, usize)> {
    let known = routes.iter().filter_map(|&route| Some((route, entries.get(route)?)));
    known
        .filter(|(_, entry)| serves(entry))
        .map(|(route, entry)| (entry.conditions.rank(), route))
        .next()
}
