//! Charts as SVG. Colours are classes that the page's style fills in, light or dark; lines differ in their dashes as well.

use std::fmt::Write as _;

use super::escape;

/// A chart.
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) shape: Shape,
    pub(super) series: Vec<Series>,
    /// Places on the x axis with a name.
    pub(super) marks: Vec<Mark>,
}

/// A place on the x axis.
#[derive(Clone)]
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) name: String,
    pub(super) kind: MarkKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// Where a phase begins.
    Phase,
    /// Where something happens.
    Event,
}

pub(super) struct Axis {
    pub(super) label: String,
    pub(super) scale: Scale,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Log,
    /// 0 is the 0th percentile, 1 the 90th, 2 the 99th, 3 the 99.9th.
    Nines,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Lines,
    /// Areas on top of each other.
    Stack,
}

/// A line or an area. Its points go from left to right.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) colour: usize,
    pub(super) points: Vec<(f64, f64)>,
}

/// An axis with its ends, in pixels.
struct Ruler {
    scale: Scale,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Chart {
    /// The chart as a figure with its title.
    pub(super) fn svg(&self) -> String {
        let mut svg = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut svg);
        let title = escape(&self.title);
        let height = self.legend_places().last().map_or(HEIGHT, |(_, y)| y + 10.0);
        format!(
            "<figure><h2>{title}</h2><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             aria-label=\"{title}\">{svg}</svg></figure>\n"
        )
    }

    fn write(&self, svg: &mut String) -> std::fmt::Result {
        if self.series.iter().all(|series| series.points.is_empty()) {
            return write!(svg, "<text x=\"20\" y=\"40\">nothing was measured</text>");
        }
        let layers = self.layers();
        let (x, y) = self.rulers(&layers);
        self.axes(svg, &x, &y)?;
        for (series, (lower, upper)) in self.series.iter().zip(&layers) {
            let colour = series.colour % COLOURS;
            match self.shape {
                Shape::Lines => {
                    let points = path(&x, &y, upper.iter());
                    let dash = colour % DASHES;
                    write!(
                        svg,
                        "<polyline class=\"line s{colour} d{dash}\" points=\"{points}\"/>"
                    )?;
                }
                Shape::Stack => {
                    let outline = path(&x, &y, upper.iter().chain(lower.iter().rev()));
                    write!(svg, "<polygon class=\"area f{colour}\" points=\"{outline}\"/>")?;
                }
            }
        }
        self.legend(svg)
    }

    /// Lower and upper edge of each series: of areas where the last one ended, of lines nothing and the line.
    fn layers(&self) -> Vec<(Points, Points)> {
        let mut below: Points = Vec::new();
        let layer = |series: &Series| {
            if self.shape == Shape::Lines {
                return (Vec::new(), series.points.clone());
            }
            let floor = |i: usize| below.get(i).map_or(0.0, |(_, y): &(f64, f64)| *y);
            let points = series.points.iter().enumerate();
            let upper: Points = points.map(|(i, (x, y))| (*x, y + floor(i))).collect();
            let lower = upper.iter().enumerate().map(|(i, (x, _))| (*x, floor(i))).collect();
            below = upper.clone();
            (lower, upper)
        };
        self.series.iter().map(layer).collect()
    }

    fn rulers(&self, layers: &[(Points, Points)]) -> (Ruler, Ruler) {
        let points = || layers.iter().flat_map(|(_, upper)| upper);
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
        };
        let (left, right) = ends(&mut points().map(|(x, _)| *x));
        let (low, high) = ends(&mut points().map(|(_, y)| *y));
        let (low, high) = match self.y.scale {
            // Whole powers of ten around what there is.
            Scale::Log => {
                let low = 10_f64.powf(low.max(0.001).log10().floor());
                (low, 10_f64.powf(high.max(low).log10().ceil()).max(low * 10.0))
            }
            _ => {
                let step = nice(high.max(1.0) / 5.0);
                (0.0, (high.max(1.0) / step).ceil() * step)
            }
        };
        let x = Ruler {
            scale: self.x.scale,
            low: left,
            high: right.max(left + 1e-3),
            from: LEFT,
            to: WIDTH - 16.0,
        };
        let y = Ruler { scale: self.y.scale, low, high, from: HEIGHT - BOTTOM, to: TOP };
        (x, y)
    }

    fn axes(&self, svg: &mut String, x: &Ruler, y: &Ruler) -> std::fmt::Result {
        for (value, label) in y.ticks() {
            let at = y.place(value);
            let (right, below) = (x.to, at + 4.0);
            write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>"
            )?;
            write!(
                svg,
                "<text x=\"{}\" y=\"{below:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 6.0
            )?;
        }
        let foot = HEIGHT - BOTTOM + 18.0;
        for (value, label) in x.ticks() {
            let at = x.place(value);
            write!(svg, "<text x=\"{at:.1}\" y=\"{foot}\" text-anchor=\"middle\">{label}</text>")?;
        }
        self.write_marks(svg, x, y)?;
        let (middle, bottom) = ((x.from + x.to) / 2.0, HEIGHT - BOTTOM + 36.0);
        let (across, up) = (escape(&self.x.label), escape(&self.y.label));
        write!(svg, "<text x=\"{middle}\" y=\"{bottom}\" text-anchor=\"middle\">{across}</text>")?;
        write!(svg, "<text x=\"4\" y=\"{}\">{up}</text>", TOP - 10.0)
    }

    fn write_marks(&self, svg: &mut String, x: &Ruler, y: &Ruler) -> std::fmt::Result {
        // Names of phases go one line lower where they would run into the one before.
        let (mut taken, base) = (f64::MIN, y.from);
        for mark in self.marks.iter().filter(|mark| mark.at <= x.high) {
            let at = x.place(mark.at);
            let (class, line) = match mark.kind {
                MarkKind::Event => ("mark event", 2.0),
                MarkKind::Phase if at < taken => ("mark", 1.0),
                MarkKind::Phase => {
                    taken = at + 8.0 + 7.0 * mark.name.chars().count() as f64;
                    ("mark", 0.0)
                }
            };
            let (name, above) = (escape(&mark.name), TOP + 12.0 + LINE * line);
            write!(
                svg,
                "<line class=\"{class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{base}\"/>"
            )?;
            write!(svg, "<text x=\"{:.1}\" y=\"{above}\">{name}</text>", at + 4.0)?;
        }
        Ok(())
    }

    fn legend(&self, svg: &mut String) -> std::fmt::Result {
        for (series, (x, y)) in self.series.iter().zip(self.legend_places()) {
            let colour = series.colour % COLOURS;
            let (end, line) = (x + 26.0, y - 4.0);
            match self.shape {
                Shape::Lines => {
                    let dash = colour % DASHES;
                    write!(
                        svg,
                        "<line class=\"line s{colour} d{dash}\" x1=\"{x}\" x2=\"{end}\" y1=\"{line}\" y2=\"{line}\"/>"
                    )?;
                }
                Shape::Stack => {
                    let top = y - 10.0;
                    write!(
                        svg,
                        "<rect class=\"area f{colour}\" x=\"{x}\" y=\"{top}\" width=\"26\" height=\"12\"/>"
                    )?;
                }
            }
            write!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", end + 6.0, escape(&series.name))?;
        }
        Ok(())
    }

    /// Where the entries of the legend begin: in as many lines as they need.
    fn legend_places(&self) -> Vec<(f64, f64)> {
        let (mut x, mut y) = (LEFT, HEIGHT - 10.0);
        let place = |series: &Series| {
            let width = 50.0 + 7.0 * series.name.chars().count() as f64;
            if x + width > WIDTH && x > LEFT {
                (x, y) = (LEFT, y + LINE);
            }
            let place = (x, y);
            x += width;
            place
        };
        self.series.iter().map(place).collect()
    }
}

impl Ruler {
    fn place(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Log => (value.max(self.low) / self.low).log10() / (self.high / self.low).log10(),
            _ => (value - self.low) / (self.high - self.low),
        };
        self.from + (self.to - self.from) * share
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Linear => {
                let step = nice((self.high - self.low) / 5.0);
                let first = (self.low / step).ceil() as i64;
                let last = (self.high / step).floor() as i64;
                (first..=last).map(|i| (i as f64 * step, short(i as f64 * step))).collect()
            }
            Scale::Log => {
                let powers = self.low.log10().round() as i32..=self.high.log10().round() as i32;
                powers.map(|power| (10_f64.powi(power), short(10_f64.powi(power)))).collect()
            }
            Scale::Nines => {
                const NINES: [(f64, &str); 8] = [
                    (0.0, "0"),
                    (0.301, "50"),
                    (1.0, "90"),
                    (2.0, "99"),
                    (3.0, "99.9"),
                    (4.0, "99.99"),
                    (5.0, "99.999"),
                    (6.0, "99.9999"),
                ];
                let seen = NINES.iter().filter(|(place, _)| *place <= self.high);
                seen.map(|(place, label)| (*place, (*label).to_owned())).collect()
            }
        }
    }
}

fn path<'p>(x: &Ruler, y: &Ruler, points: impl Iterator<Item = &'p (f64, f64)>) -> String {
    let mut path = String::new();
    for (across, up) in points {
        // Writing to a string cannot fail.
        let _ = write!(path, "{:.1},{:.1} ", x.place(*across), y.place(*up));
    }
    path
}

/// The next of 1, 2, 5, 10, ... that is not below a step.
fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.into_iter().map(|s| s * power).find(|s| *s >= step * 0.999).unwrap_or(power * 10.0)
}

fn short(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{}M", v / 1e6),
        v if v >= 1e4 => format!("{}k", v / 1e3),
        v if v.fract().abs() < 1e-9 => format!("{v:.0}"),
        v if v < 0.01 => format!("{v:.3}"),
        v if v < 0.1 => format!("{v:.2}"),
        v => format!("{v:.1}"),
    }
}

type Points = Vec<(f64, f64)>;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 72.0;
/// Between lines of the legend, and of names of marks.
const LINE: f64 = 16.0;
/// Colours and dashes that the page's style knows.
const COLOURS: usize = 6;
const DASHES: usize = 4;
