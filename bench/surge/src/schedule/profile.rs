//! A rate over time: straight pieces, one after the other, and where their sum reaches a number.

use std::time::Duration;

/// A rate over time, in requests per second.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    pieces: Vec<Piece>,
}

/// A stretch in which the rate goes straight from one value to another.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    /// Seconds from the start.
    start: f64,
    /// Seconds.
    length: f64,
    from: f64,
    to: f64,
    /// Requests before this piece.
    before: f64,
}

impl Profile {
    /// One rate all the time.
    pub fn steady(rate: f64, length: Duration) -> Self {
        Self::default().then(rate, rate, length)
    }

    /// From one rate to another in a straight line.
    pub fn ramp(from: f64, to: f64, length: Duration) -> Self {
        Self::default().then(from, to, length)
    }

    /// From one rate to another in equal steps, each as long as the others; the first is `from`, the last `to`.
    pub fn steps(from: f64, to: f64, steps: u32, length: Duration) -> Self {
        let steps = steps.max(1);
        let rate = |i: u32| from + (to - from) * f64::from(i) / f64::from((steps - 1).max(1));
        (0..steps)
            .fold(Self::default(), |profile, i| profile.then(rate(i), rate(i), length / steps))
    }

    /// One piece more.
    #[must_use]
    pub fn then(mut self, from: f64, to: f64, length: Duration) -> Self {
        let (start, before) =
            self.pieces.last().map_or((0.0, 0.0), |p| (p.start + p.length, p.before + p.volume()));
        self.pieces.push(Piece { start, length: length.as_secs_f64(), from, to, before });
        self
    }

    /// The same rates, over a time that is longer or shorter by a factor.
    #[must_use]
    pub fn stretched(&self, factor: f64) -> Self {
        let stretch = |piece: &Piece| Piece {
            start: piece.start * factor,
            length: piece.length * factor,
            before: piece.before * factor,
            ..*piece
        };
        Self { pieces: self.pieces.iter().map(stretch).collect() }
    }

    /// How long it lasts.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds())
    }

    /// How many requests it makes, not rounded.
    pub fn volume(&self) -> f64 {
        self.pieces.last().map_or(0.0, |piece| piece.before + piece.volume())
    }

    /// How many requests it makes.
    pub fn count(&self) -> u64 {
        self.volume().round() as u64
    }

    /// The highest rate.
    pub fn peak(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.from.max(piece.to)).fold(0.0, f64::max)
    }

    /// When the requests made add up to `volume`.
    pub fn at(&self, volume: f64) -> Duration {
        let at = self.pieces.partition_point(|p| p.before + p.volume() <= volume);
        let seconds = self.pieces.get(at).map_or(self.seconds(), |p| p.start + p.reach(volume));
        Duration::from_secs_f64(seconds.clamp(0.0, self.seconds()))
    }

    fn seconds(&self) -> f64 {
        self.pieces.last().map_or(0.0, |piece| piece.start + piece.length)
    }
}

impl Piece {
    fn volume(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.length
    }

    /// Seconds into the piece at which the requests made add up to `volume`: the root of
    /// `from t + (to - from) t^2 / (2 length)`, in the form that loses no digits where the slope is small.
    fn reach(&self, volume: f64) -> f64 {
        let wanted = (volume - self.before).max(0.0);
        let slope = (self.to - self.from) / self.length;
        let root = (self.from * self.from + 2.0 * slope * wanted).max(0.0).sqrt();
        if self.from + root <= 0.0 {
            return 0.0;
        }
        (2.0 * wanted / (self.from + root)).min(self.length)
    }
}
