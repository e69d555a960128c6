//! The next renewals on a line, drawn as SVG. A list beside it says the same in words.

use askama::Template;
use askama::filters::HtmlSafe;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use super::moment::Clock;

/// How far the line reaches: the shortest of these that holds the last renewal.
const SPANS: [i64; 8] = [7, 14, 30, 60, 90, 180, 365, 1_100];
/// Places for dots, side by side.
const COLUMNS: i64 = 40;
/// Dots above each other; a column with more is drawn full.
const HIGHEST: usize = 7;
const STEP: usize = 11;
const TICKS: i64 = 4;

#[derive(Debug, Template)]
#[template(path = "parts/time-line.html")]
pub(crate) struct TimeLine {
    dots: Vec<Dot>,
    ticks: Vec<Tick>,
    baseline: usize,
    summary: String,
}

impl HtmlSafe for TimeLine {}

#[derive(Debug, PartialEq)]
struct Dot {
    /// Per cent of the width.
    x: f64,
    y: usize,
}

#[derive(Debug)]
struct Tick {
    x: f64,
    anchor: &'static str,
    label: String,
}

impl TimeLine {
    pub(crate) fn of(renewals: impl Iterator<Item = OffsetDateTime>, clock: Clock) -> Self {
        let mut ahead: Vec<Duration> = renewals.map(|at| (at - clock.now).max(Duration::ZERO)).collect();
        ahead.sort_unstable();
        let last = ahead.last().copied().unwrap_or(Duration::ZERO);
        let span = Duration::days(SPANS.into_iter().find(|&days| last <= Duration::days(days)).unwrap_or(SPANS[7]));
        let mut heights = [0; COLUMNS as usize + 1];
        let mut dots = Vec::new();
        for one in &ahead {
            let column = (one.whole_seconds() * COLUMNS / span.whole_seconds()).clamp(0, COLUMNS - 1);
            let height = &mut heights[usize::try_from(column).expect("clamped")];
            if *height < HIGHEST {
                dots.push((column, *height));
                *height += 1;
            }
        }
        let highest = heights.into_iter().max().unwrap_or(0).max(2);
        let baseline = highest * STEP + 4;
        let dots = dots
            .into_iter()
            .map(|(column, height)| Dot {
                x: (column as f64 + 0.5) * 100.0 / COLUMNS as f64,
                y: baseline - 7 - height * STEP,
            })
            .collect();
        let ticks = (0..=TICKS)
            .map(|i| Tick {
                x: i as f64 * 100.0 / TICKS as f64,
                anchor: match i {
                    0 => "start",
                    TICKS => "end",
                    _ => "middle",
                },
                label: if i == 0 { "now".to_owned() } else { short_day(clock.now + span * i as f64 / TICKS as f64) },
            })
            .collect();
        let summary = format!("Time line of {} renewals in the next {} days", ahead.len(), span.whole_days());
        Self { dots, ticks, baseline, summary }
    }

    fn height(&self) -> usize {
        self.baseline + 24
    }
}

/// `22 Feb`
fn short_day(at: OffsetDateTime) -> String {
    at.format(format_description!("[day padding:none] [month repr:short]")).expect("a date has all the parts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn line(days: &[i64]) -> TimeLine {
        TimeLine::of(days.iter().map(|&days| NOW + Duration::days(days)), Clock { now: NOW })
    }

    #[test]
    fn the_line_is_as_long_as_the_last_renewal_asks_for() {
        assert!(line(&[3]).summary.ends_with("7 days"));
        assert!(line(&[3, 61]).summary.ends_with("90 days"));
        assert!(line(&[5_000]).dots[0].x < 100.0);
    }

    #[test]
    fn renewals_at_the_same_time_stand_above_each_other_and_late_ones_at_the_start() {
        let line = line(&[-4, 0, 30]);
        assert_eq!(line.dots[0].x, line.dots[1].x);
        assert!(line.dots[1].y < line.dots[0].y && line.dots[2].x > 90.0);
    }

    #[test]
    fn a_crowd_does_not_leave_the_picture() {
        let line = line(&[1; 50]);
        assert_eq!(line.dots.len(), HIGHEST);
        assert!(line.dots.iter().all(|dot| dot.y >= 5 && dot.y < line.height()));
    }
}
