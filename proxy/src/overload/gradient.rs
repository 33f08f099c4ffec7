//! How many requests at once an upstream can take, learned from how long it takes to answer; pure.
//!
//! The limit follows the gradient between the shortest answers of late and those of now (Netflix' concurrency-limits, Envoy's
//! adaptive_concurrency): answers that take longer mean a queue behind us, and a queue helps nobody. Two things are different.
//!
//! The limit is never forced down to find out how fast answers can be. The shortest of late is a minimum over time that only
//! runs while the limit does not bind, so that a long overload does not come to look like the normal state. And where fewer
//! requests are under way and answers have not become shorter with that, then no queue was the reason: the upstream has become
//! slower, and how long it takes now is how long it takes. A fall rests at seven tenths of what was under way, to see that.
//!
//! An answer counts by the logarithm of its time. The mean of logarithms is moved little by a single long poll, and evenly by
//! a queue, which makes each kind of request slower.

/// What has been learned.
#[derive(Debug, Clone)]
pub struct Gradient {
    limit: f64,
    /// Shortest windows of each span of time that the limit did not bind, in microseconds. The first is of now.
    shortest: [f64; SPANS],
    /// Windows in the first span.
    windows: u32,
    fall: Option<Fall>,
}

/// A limit that comes down.
#[derive(Debug, Clone, Copy)]
struct Fall {
    /// The most requests under way since.
    peak: f64,
    /// The longest answers since, in microseconds.
    longest: f64,
    /// Of late.
    answer: f64,
    /// Seconds that it rests already.
    rests: Option<f64>,
}

/// A time in which answers came.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Window {
    /// Answers.
    pub answers: u64,
    /// The sum of their times, each as the logarithm to base 2 of microseconds.
    pub log2_us: f64,
    /// How long it was.
    pub seconds: f64,
    /// Requests under way at its end.
    pub in_flight: u32,
    /// Whether anybody was refused or had to wait.
    pub binding: bool,
}

/// Between what the limit may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
}

impl Default for Gradient {
    /// Nothing learned yet: the limit is what it may be at most.
    fn default() -> Self {
        Self { limit: f64::MAX, shortest: [f64::INFINITY; SPANS], windows: 0, fall: None }
    }
}

impl Gradient {
    /// The limit after a window. One with too few answers says nothing; it is to be continued.
    pub fn step(&mut self, window: &Window, bounds: Bounds) -> u32 {
        self.limit = self.limit.clamp(f64::from(bounds.min), f64::from(bounds.max));
        if window.is_telling() {
            let answer = (window.log2_us / window.answers as f64).exp2().max(1.0);
            self.learn(answer, window);
            let next = self.next(answer, window);
            self.limit = self.rest(next, answer, window);
            self.limit = self.limit.clamp(f64::from(bounds.min), f64::from(bounds.max));
        }
        // Within bounds of the same type.
        self.limit.round() as u32
    }

    fn learn(&mut self, answer: f64, window: &Window) {
        if !window.binding && f64::from(window.in_flight) < self.limit * NEARLY {
            self.windows += 1;
            if self.windows >= WINDOWS_PER_SPAN {
                self.windows = 0;
                self.shortest.rotate_right(1);
                self.shortest[0] = f64::INFINITY;
            }
        }
        self.shortest[0] = self.shortest[0].min(answer);
    }

    /// A limit that would fall further rests, until answers tell why they take so long.
    fn rest(&mut self, next: f64, answer: f64, window: &Window) -> f64 {
        if answer <= self.shortest() * TOLERANCE {
            self.fall = None;
            return next;
        }
        let peak = f64::from(window.in_flight);
        let fall = self.fall.get_or_insert(Fall { peak, longest: answer, answer, rests: None });
        fall.longest = fall.longest.max(answer);
        fall.answer += (answer - fall.answer) * SMOOTHING;
        let Some(rests) = &mut fall.rests else {
            fall.peak = fall.peak.max(peak);
            if next > fall.peak * RESTS_AT {
                return next;
            }
            fall.rests = Some(0.0);
            return fall.peak * RESTS_AT;
        };
        *rests += window.seconds;
        // What was asked before has to be answered first, and that once more.
        if *rests < REST_SECONDS_MIN.max(3e-6 * fall.longest) {
            return self.limit;
        }
        let answer = fall.answer;
        let slower = answer > fall.longest * RESTS_AT.sqrt();
        self.fall = None;
        if slower {
            self.shortest = [f64::INFINITY; SPANS];
            self.shortest[0] = answer;
        }
        self.limit
    }

    fn shortest(&self) -> f64 {
        self.shortest.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn next(&self, answer: f64, window: &Window) -> f64 {
        let in_flight = f64::from(window.in_flight);
        let gradient = (TOLERANCE * self.shortest() / answer).clamp(0.5, 1.0);
        if gradient >= 1.0 && !window.binding && in_flight * 2.0 < self.limit {
            // Nobody has tried whether there could be more.
            return self.limit;
        }
        let aim = self.limit * gradient + self.limit.sqrt();
        self.limit + (aim - self.limit) * SMOOTHING
    }
}

impl Window {
    /// Takes in what came after it.
    pub fn extend(&mut self, later: &Self) {
        self.answers += later.answers;
        self.log2_us += later.log2_us;
        self.seconds += later.seconds;
        self.in_flight = later.in_flight;
        self.binding |= later.binding;
    }

    /// Whether it says anything.
    pub fn is_telling(&self) -> bool {
        self.answers >= ANSWERS_MIN
    }
}

/// Answers of a window that says something.
const ANSWERS_MIN: u64 = 10;

/// How much longer answers may take than the shortest of late: requests differ, and some queue is what keeps an upstream busy.
const TOLERANCE: f64 = 1.5;

/// The part of the limit from which on it counts as binding.
const NEARLY: f64 = 0.9;

/// The part of the way to its aim that the limit goes in a window.
const SMOOTHING: f64 = 0.5;

/// The part of what was under way that a fall rests at. Answers that wait in a queue keep this part of their length there,
/// others keep all of it: the line is drawn between the two.
const RESTS_AT: f64 = 0.7;

/// The shortest rest, in seconds.
const REST_SECONDS_MIN: f64 = 0.5;

/// Spans that the shortest answers are remembered for, of ten seconds each where windows are as long as they are meant to be.
const SPANS: usize = 4;
const WINDOWS_PER_SPAN: u32 = 100;

#[cfg(test)]
mod tests;
