//! What guard, comparison and pre-warming have to say of the next step.

/// Whether a rollout may move on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opinion {
    /// Nothing speaks against it.
    Go,
    /// Not yet, and why: too little is known. No data never advances anything.
    Hold(String),
    /// Green is worse than it may be, and how: back to blue.
    Stop(String),
}

impl Opinion {
    /// The stricter of two: stop before hold before go. Of two that are alike, the first.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Stop(_), _) | (Self::Hold(_), Self::Go | Self::Hold(_)) => self,
            _ => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_opinion_counts() {
        let hold = || Opinion::Hold("few".to_owned());
        let stop = || Opinion::Stop("bad".to_owned());
        for (a, b, both) in [
            (Opinion::Go, Opinion::Go, Opinion::Go),
            (Opinion::Go, hold(), hold()),
            (hold(), Opinion::Go, hold()),
            (hold(), stop(), stop()),
            (stop(), hold(), stop()),
        ] {
            assert_eq!(a.and(b), both);
        }
    }
}
