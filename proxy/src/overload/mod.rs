//! Overload: how much we take on at once, and who is refused when that is too much.
//!
//! A request has a class, from its route, its tenant or a field. It must find a place in the process, on its route and in its
//! cluster, as far as those have a `concurrency`, and its class must not be one that a resource which runs short sheds. What is
//! decided there is [`crate::filter::shed`]'s and the pure files' of this folder; this knows who counts where. What holds for
//! one client and not for all is [`crate::limit`]'s affair.

mod compile;
mod describe;
mod gradient;
mod limiter;
mod pressure;
mod queue;
mod ramp;
mod watch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderName};
use parking_lot::Mutex;
use smallvec::SmallVec;

pub use compile::{Surroundings, compile};
pub use limiter::{Asking, Limiter, Permit};
pub use pressure::RESOURCES;
pub use watch::Watch;

use crate::{
    config::Colour,
    error::{Error, Shed},
    filter::shed,
};
use pressure::Machine;

/// Overload as configured. Without any key of it, nothing is counted.
#[derive(Debug, Default)]
pub struct Overload {
    /// Of the whole process. There is one where there is an `[overload]`.
    process: Option<Arc<Limiter>>,
    /// By position of the route.
    routes: Vec<OfRoute>,
    /// By number of the tenant: its class.
    tenants: Vec<Option<usize>>,
    classes: Vec<Class>,
    /// Fields that ask for a class.
    fields: Vec<(HeaderName, Box<[u8]>, usize)>,
    /// The highest rank.
    top: u8,
    /// The rank of copies, where they are shed.
    mirror: Option<u8>,
    /// By [`RESOURCES`].
    watermarks: [Option<f64>; RESOURCES.len()],
    pressure: Arc<Pressure>,
    /// All that there are.
    limiters: Vec<Arc<Limiter>>,
}

/// What a route says.
#[derive(Debug, Default)]
struct OfRoute {
    class: Option<usize>,
    own: Option<Arc<Limiter>>,
    /// Of the cluster, or of blue and green.
    clusters: [Option<Arc<Limiter>>; 2],
}

/// A class of requests.
#[derive(Debug)]
struct Class {
    name: Box<str>,
    rank: u8,
}

/// How short resources run, by [`RESOURCES`]; it outlives reloads.
#[derive(Debug, Default)]
struct Pressure {
    /// Ranks that are shed.
    levels: [AtomicU8; RESOURCES.len()],
    /// In hundredths of a percent, from 1 on; 0 is not known.
    used: [AtomicU32; RESOURCES.len()],
    machine: Mutex<Option<Machine>>,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// Position of its route.
    pub route: Option<usize>,
    /// Number of its tenant.
    pub tenant: Option<usize>,
    /// Its fields.
    pub fields: &'a HeaderMap,
    /// Whether whoever sent it may say that it is important.
    pub trusted: bool,
}

/// The places that a request has.
#[derive(Debug, Default)]
pub struct Places(SmallVec<[Permit; 2]>);

impl Overload {
    /// Whether anything is counted or shed.
    pub fn is_idle(&self) -> bool {
        self.limiters.is_empty()
    }

    /// Who asks, as limiters see it.
    pub fn asking(&self, whose: &Whose<'_>, worker: usize, chance: u64) -> Asking {
        let class = self.class(whose);
        let rank = self.classes.get(class).map_or(self.top, |class| class.rank);
        Asking { class, rank, tenant: whose.tenant, worker, chance }
    }

    /// Places in the process and on the route, at once or after a wait.
    ///
    /// # Errors
    /// It is shed ([`Error::Shed`]).
    pub async fn admit(&self, route: Option<usize>, asking: &Asking) -> Result<Places, Error> {
        let mut places = Places::default();
        if let Some(process) = &self.process {
            if let Some(why) = self.short(asking.rank) {
                return Err(process.refuse(asking, why));
            }
            places.0.push(process.enter(asking).await?);
        }
        let route = route.and_then(|route| self.routes.get(route)?.own.as_ref());
        if let Some(limiter) = route {
            places.0.push(limiter.enter(asking).await?);
        }
        Ok(places)
    }

    /// The limit of the cluster that a route leads to.
    pub fn cluster(&self, route: usize, colour: Option<Colour>) -> Option<&Arc<Limiter>> {
        let side = usize::from(colour == Some(Colour::Green));
        self.routes.get(route)?.clusters[side].as_ref()
    }

    /// Whether there is room for copies of requests.
    pub fn takes_copies(&self) -> bool {
        let (Some(process), Some(rank)) = (&self.process, self.mirror) else { return true };
        let room = shed::room(process.limit(), rank, self.top);
        self.short(rank).is_none() && process.waiting() == 0 && process.in_flight() <= room
    }

    /// What is so short that this rank is shed.
    fn short(&self, rank: u8) -> Option<Shed> {
        let levels = self.pressure.levels.iter().zip(RESOURCES);
        let mut short = levels.filter(|(level, _)| rank < level.load(Relaxed));
        short.next().map(|(_, (_, why))| why)
    }

    /// A field goes before the route, and the route before the tenant.
    fn class(&self, whose: &Whose<'_>) -> usize {
        let route = whose.route.and_then(|route| self.routes.get(route)?.class);
        let tenant = || *self.tenants.get(whose.tenant?)?;
        let given = route.or_else(tenant).unwrap_or(0);
        let asked = self.fields.iter().find(|(name, value, _)| {
            let mut written = whose.fields.get_all(name).iter();
            // A field that is there twice asks for nothing.
            let (first, second) = (written.next(), written.next());
            second.is_none() && first.is_some_and(|first| first.as_bytes() == &**value)
        });
        let rank = |class: usize| self.classes.get(class).map_or(0, |class| class.rank);
        match asked {
            // Anybody may say of a request that it is less important.
            Some((_, _, asked)) if whose.trusted || rank(*asked) < rank(given) => *asked,
            _ => given,
        }
    }
}

impl Places {
    /// Adds a place in the cluster.
    pub fn push(&mut self, permit: Permit) {
        self.0.push(permit);
    }

    /// Notes how long an upstream took to answer.
    pub fn answered(&self, worker: usize, after: Duration) {
        self.0.iter().for_each(|permit| permit.limiter().answered(worker, after));
    }

    /// Gives the places back: for tunnels, which may be silent for days.
    pub fn give_back(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests;
