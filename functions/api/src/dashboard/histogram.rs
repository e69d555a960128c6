//! The renewals of all endpoints in the next 90 days, with the CA's daily limit as a line.

use askama::Template;
use askama::filters::HtmlSafe;
use time::macros::format_description;
use time::{Date, Duration};
use vocabulary::text::{counted, grouped};
use wire::RenewalDay;

use super::moment::Clock;

const DAYS: i64 = 90;
const HEIGHT: f64 = 84.0;
const TICKS: i64 = 3;

#[derive(Debug, Template)]
#[template(path = "parts/histogram.html")]
pub(crate) struct Histogram {
    bars: Vec<Bar>,
    ticks: Vec<Tick>,
    /// The limit, and where its line is.
    limit: Option<(u64, f64)>,
    summary: String,
}

impl HtmlSafe for Histogram {}

#[derive(Debug, PartialEq)]
struct Bar {
    /// Per cent of the width.
    x: f64,
    y: f64,
    height: f64,
    tone: &'static str,
    title: String,
}

#[derive(Debug)]
struct Tick {
    x: f64,
    anchor: &'static str,
    label: String,
}

impl Histogram {
    pub(crate) fn of(days: &[RenewalDay], orders_per_day: Option<u64>, clock: Clock) -> Self {
        let today = clock.now.date();
        let placed_days: Vec<(i64, Date, usize)> = days.iter().filter_map(|day| placed(day, today)).collect();
        let most = placed_days.iter().map(|(_, _, count)| *count).max().unwrap_or_default();
        let total: usize = placed_days.iter().map(|(_, _, count)| *count).sum();
        // A line far above all bars would make them invisible: then only the text has the limit.
        let drawn = orders_per_day.filter(|limit| *limit as f64 <= most as f64 * 4.0);
        let highest = (most as f64).max(drawn.unwrap_or_default() as f64).max(1.0);
        let height = |count: f64| count * HEIGHT / highest;
        let bars = placed_days
            .iter()
            .map(|(index, day, count)| {
                let height = height(*count as f64).max(2.0);
                let over = orders_per_day.is_some_and(|limit| *count as u64 > limit);
                Bar {
                    x: *index as f64 * 100.0 / DAYS as f64,
                    y: HEIGHT - height,
                    height,
                    tone: if over { "bad" } else { "good" },
                    title: format!("{}: {count}", short_day(*day)),
                }
            })
            .collect();
        let ticks = (0..=TICKS).map(|i| tick(i, today)).collect();
        let limit =
            orders_per_day.map_or_else(String::new, |limit| format!("; the CA takes {} orders a day", grouped(limit)));
        let renewals = counted(total as u64, "renewal");
        let summary = format!("{renewals} in the next {DAYS} days, at most {most} on one day{limit}");
        Self { bars, ticks, limit: drawn.map(|limit| (limit, HEIGHT - height(limit as f64))), summary }
    }

    fn baseline(&self) -> f64 {
        HEIGHT
    }

    fn bar_width(&self) -> f64 {
        80.0 / DAYS as f64
    }
}

/// The number of days from today, with date and count.
fn placed(day: &RenewalDay, today: Date) -> Option<(i64, Date, usize)> {
    let date = Date::parse(&day.day, format_description!("[year]-[month]-[day]")).ok()?;
    let index = (date - today).whole_days();
    (0..DAYS).contains(&index).then_some((index, date, day.count))
}

fn tick(i: i64, today: Date) -> Tick {
    let day = today.saturating_add(Duration::days(i * DAYS / TICKS));
    Tick {
        x: i as f64 * 100.0 / TICKS as f64,
        anchor: match i {
            0 => "start",
            TICKS => "end",
            _ => "middle",
        },
        label: if i == 0 { "today".to_owned() } else { short_day(day) },
    }
}

/// `22 Feb`
fn short_day(day: Date) -> String {
    day.format(format_description!("[day padding:none] [month repr:short]")).expect("a date has all the parts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn of(days: &[(&str, usize)], limit: Option<u64>) -> Histogram {
        let days: Vec<_> = days.iter().map(|(day, count)| RenewalDay { day: (*day).into(), count: *count }).collect();
        Histogram::of(&days, limit, Clock { now: datetime!(2026-11-24 12:00 UTC) })
    }

    #[test]
    fn each_day_is_a_bar_and_the_highest_fills_the_picture() {
        let histogram =
            of(&[("2026-11-24", 10), ("2026-11-25", 5), ("2027-02-21", 1), ("2027-02-22", 9), ("x", 9)], None);
        let bars: Vec<_> = histogram.bars.iter().map(|bar| (bar.x.round(), bar.height.round())).collect();
        assert_eq!(bars, [(0.0, 84.0), (1.0, 42.0), (99.0, 8.0)], "90 days, and what is no day is left out");
        assert_eq!(histogram.summary, "16 renewals in the next 90 days, at most 10 on one day");
    }

    #[test]
    fn a_day_above_the_limit_is_marked_and_the_line_is_drawn_where_it_can_be_seen() {
        let over = of(&[("2026-11-24", 30), ("2026-11-25", 5)], Some(20));
        assert_eq!(over.bars.iter().map(|bar| bar.tone).collect::<Vec<_>>(), ["bad", "good"]);
        assert_eq!(over.limit.map(|(limit, y)| (limit, y.round())), Some((20, 28.0)));
        let svg = over.to_string();
        assert!(svg.contains(r#"<line class="limit" x1="0" x2="100%" y1="28.0" y2="28.0"/>"#), "{svg}");
        assert!(svg.contains("CA limit: 20 a day"), "{svg}");
        let far = of(&[("2026-11-24", 3)], Some(2_400));
        assert!(!far.to_string().contains(r#"class="limit""#), "it would flatten the bars");
        assert!(far.limit.is_none() && far.summary.ends_with("the CA takes 2,400 orders a day"), "{far:?}");
    }
}
