//! A series as a small picture: bars over a readable axis, as PNG; `sheet` puts several pictures under each other, and
//! `matrix` is another kind of them.
//!
//! Drawn with shapes and bitmap letters that are part of the program, so that it looks the same on every machine. Letters
//! outside of Latin-1 show as a question mark; the numbers of a chart stand in the message, too.

mod canvas;
mod matrix;
mod sheet;

use std::convert::Infallible;

use embedded_graphics::mono_font::iso_8859_1::{FONT_8X13, FONT_9X18_BOLD};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{Drawable, Point, Size};
use embedded_graphics::primitives::{Line, Primitive, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use super::figures;
use canvas::Canvas;
pub use matrix::Matrix;
pub use sheet::{Panel, sheet};

/// Width and height in pixels: what Slack shows without shrinking.
const SIZE: (u32, u32) = (720, 360);
/// Where the bars are: left, top, right and bottom edge.
const FRAME: (i32, i32, i32, i32) = (76, 52, 700, 316);
/// The most bars: more would be thinner than a pixel with its gap.
pub const MOST_BARS: usize = 120;
/// About how many lines the axis has.
const LINES: f64 = 5.0;

const INK: Rgb888 = Rgb888::new(0x1d, 0x1c, 0x1d);
const PALE: Rgb888 = Rgb888::new(0x61, 0x60, 0x61);
const GRID: Rgb888 = Rgb888::new(0xdd, 0xdd, 0xdd);
const BAR: Rgb888 = Rgb888::new(0x12, 0x64, 0xa3);
const BELOW: Rgb888 = Rgb888::new(0xc0, 0x39, 0x2b);

/// Draws `series` under a title. `None` when there is nothing to draw, or no number among its values.
pub fn png(title: &str, series: &[figures::Point]) -> Option<Vec<u8>> {
    let bars = drawable(series)?;
    let mut canvas = Canvas::white(SIZE);
    draw_bars(&mut canvas, title, bars);
    canvas.encode()
}

/// The end of a series, as far as there is room. `None` when there is nothing to draw, or no number among its values.
fn drawable(series: &[figures::Point]) -> Option<&[figures::Point]> {
    let bars = series.get(series.len().saturating_sub(MOST_BARS)..)?;
    let is_drawable = !bars.is_empty() && bars.iter().all(|bar| bar.value.is_finite());
    is_drawable.then_some(bars)
}

fn draw_bars(canvas: &mut Canvas, title: &str, bars: &[figures::Point]) {
    let axis = Axis::over(bars.iter().map(|bar| bar.value));
    // Drawing on a canvas in memory cannot fail.
    let Ok(()) = draw(canvas, title, bars, &axis);
}

/// From where to where the numbers go, in round steps.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// An axis that holds zero and all values.
    fn over(values: impl Iterator<Item = f64>) -> Axis {
        let (low, high) =
            values.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let rough = ((high - low) / LINES).max(f64::MIN_POSITIVE);
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = match rough / magnitude {
            ..=1.0 => 1.0,
            ..=2.0 => 2.0,
            ..=5.0 => 5.0,
            _ => 10.0,
        } * magnitude;
        // Where everything is zero, or whole and small, steps are whole.
        let step = if high - low < 1e-9 { 1.0 } else { step };
        let low = (low / step).floor() * step;
        Axis { low, high: ((high / step).ceil() * step).max(low + step), step }
    }

    /// The height of a value on the canvas.
    fn y(&self, value: f64) -> i32 {
        let (top, bottom) = (f64::from(FRAME.1), f64::from(FRAME.3));
        (bottom - (value - self.low) / (self.high - self.low) * (bottom - top)).round() as i32
    }

    fn marks(&self) -> impl Iterator<Item = f64> + '_ {
        let count = ((self.high - self.low) / self.step).round() as i32;
        (0..=count).map(|at| self.low + f64::from(at) * self.step)
    }

    /// A number with as many places as the steps need, shortened where it is long.
    fn shown(&self, value: f64) -> String {
        let places = if self.step < 1.0 { (-self.step.log10().floor()).clamp(1.0, 4.0) as usize } else { 0 };
        short(value, places)
    }
}

/// `950`, `12.5k`, `3M`: at most seven letters.
fn short(value: f64, places: usize) -> String {
    let (scaled, unit) = match value.abs() {
        1e12.. => return format!("{value:.1e}"),
        1e9.. => (value / 1e9, "G"),
        1e6.. => (value / 1e6, "M"),
        10_000.0.. => (value / 1e3, "k"),
        _ => return format!("{:.places$}", if value == 0.0 { 0.0 } else { value }),
    };
    let text = format!("{scaled:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

fn draw(canvas: &mut Canvas, title: &str, bars: &[figures::Point], axis: &Axis) -> Result<(), Infallible> {
    let (left, _, right, _) = FRAME;
    write_title(canvas, title)?;
    for mark in axis.marks() {
        let y = axis.y(mark);
        let line = Line::new(Point::new(left, y), Point::new(right, y));
        line.into_styled(PrimitiveStyle::with_stroke(GRID, 1)).draw(canvas)?;
        let at = Point::new(left - 8, y - 6);
        write(canvas, &axis.shown(mark), at, (&FONT_8X13, PALE), Alignment::Right)?;
    }
    let slot = f64::from(right - left) / bars.len() as f64;
    for (at, bar) in bars.iter().enumerate() {
        let middle = f64::from(left) + slot * (at as f64 + 0.5);
        draw_bar(canvas, bar.value, (middle, slot), axis)?;
    }
    labels(canvas, bars, slot, axis)?;
    let (zero, style) = (axis.y(0.0), PrimitiveStyle::with_stroke(PALE, 1));
    Line::new(Point::new(left, zero), Point::new(right, zero)).into_styled(style).draw(canvas)
}

fn write_title(canvas: &mut Canvas, title: &str) -> Result<(), Infallible> {
    let (left, top, ..) = FRAME;
    let title: String = title.chars().take(70).collect();
    write(canvas, &title, Point::new(left, top - 36), (&FONT_9X18_BOLD, INK), Alignment::Left)
}

fn draw_bar(
    canvas: &mut Canvas,
    value: f64,
    (middle, slot): (f64, f64),
    axis: &Axis,
) -> Result<(), Infallible> {
    let width = (slot * 0.7).clamp(1.0, 64.0);
    let (zero, end) = (axis.y(0.0), axis.y(value));
    let corner = Point::new((middle - width / 2.0).round() as i32, zero.min(end));
    let size = Size::new(width.round() as u32, zero.abs_diff(end));
    let colour = if value < 0.0 { BELOW } else { BAR };
    Rectangle::new(corner, size).into_styled(PrimitiveStyle::with_fill(colour)).draw(canvas)
}

/// Names below the bars and values above them, as far as there is room: every second, every third ...
fn labels(canvas: &mut Canvas, bars: &[figures::Point], slot: f64, axis: &Axis) -> Result<(), Infallible> {
    const LETTER: f64 = 8.0;
    let longest = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0) as f64;
    let names: Vec<String> = bars.iter().map(|bar| bar.label.chars().take(12).collect()).collect();
    let places = bars.iter().map(|bar| places(bar.value)).max().unwrap_or(0);
    let values: Vec<String> = bars.iter().map(|bar| short(bar.value, places)).collect();
    let every = ((longest(&names) + 1.0) * LETTER / slot).ceil().max(1.0) as usize;
    let has_room = (longest(&values) + 0.5) * LETTER <= slot;
    // Counted from the end: the newest is always named.
    let last = bars.len() - 1;
    for (at, (name, value)) in names.iter().zip(&values).enumerate() {
        let middle = (f64::from(FRAME.0) + slot * (at as f64 + 0.5)).round() as i32;
        if (last - at).is_multiple_of(every) {
            let under = Point::new(middle, FRAME.3 + 10);
            write(canvas, name, under, (&FONT_8X13, PALE), Alignment::Center)?;
        }
        if has_room {
            let end = axis.y(bars[at].value);
            let above = Point::new(middle, if bars[at].value < 0.0 { end + 3 } else { end - 15 });
            write(canvas, value, above, (&FONT_8X13, INK), Alignment::Center)?;
        }
    }
    Ok(())
}

/// How many places a value needs, two at most.
fn places(value: f64) -> usize {
    let has = |factor: f64| ((value * factor).round() / factor - value).abs() < 1e-9;
    if has(1.0) || value.abs() >= 100.0 {
        0
    } else if has(10.0) {
        1
    } else {
        2
    }
}

fn write(
    canvas: &mut Canvas,
    text: &str,
    at: Point,
    (font, colour): (&MonoFont<'_>, Rgb888),
    alignment: Alignment,
) -> Result<(), Infallible> {
    let style = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Top).build();
    Text::with_text_style(text, at, MonoTextStyle::new(font, colour), style).draw(canvas).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{Axis, MOST_BARS, SIZE, png, short};
    use crate::domain::figures::Point;

    fn points(values: &[f64]) -> Vec<Point> {
        let label = |at: usize| format!("11-{:02}", at + 1);
        values.iter().enumerate().map(|(at, value)| Point { label: label(at), value: *value }).collect()
    }

    fn marks(values: &[f64]) -> String {
        let axis = Axis::over(values.iter().copied());
        axis.marks().map(|mark| axis.shown(mark)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_axis_has_round_numbers_and_holds_every_value() {
        for (values, expected) in [
            (vec![3.0, 7.0, 9.0], "0 2 4 6 8 10"),
            (vec![0.0, 0.0], "0 1"),
            (vec![-40.0, 120.0], "-50 0 50 100 150"),
            (vec![0.12, 0.31], "0.0 0.1 0.2 0.3 0.4"),
            (vec![48_000.0, 61_500.0], "0 20k 40k 60k 80k"),
            (vec![1.0], "0.0 0.2 0.4 0.6 0.8 1.0"),
        ] {
            assert_eq!(marks(&values), expected, "{values:?}");
        }
        assert_eq!(
            [short(1234.0, 0), short(2_500_000.0, 0), short(-12_340.0, 0)],
            ["1234", "2.5M", "-12.34k"]
        );
    }

    #[test]
    fn a_chart_is_a_png_of_its_size_with_bars_in_it() {
        let values: Vec<f64> = (0..14).map(|day| f64::from(day * 7 % 11)).collect();
        let bytes = png("Tasks opened a day", &points(&values)).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), SIZE);
        let blue = pixels.chunks(3).filter(|pixel| *pixel == [0x12, 0x64, 0xa3]).count();
        assert!(blue > 10_000, "{blue} pixels of bars");
        if let Some(folder) = std::env::var_os("DESKD_CHARTS") {
            let samples: [(&str, Vec<f64>); 4] = [
                ("tasks", values),
                ("profit", vec![-1200.5, 800.0, 2400.25, 1800.0, -300.0]),
                ("many", (0..90).map(|day| f64::from(day * day % 37)).collect()),
                ("zero", vec![0.0; 7]),
            ];
            for (name, values) in samples {
                let path = std::path::Path::new(&folder).join(format!("{name}.png"));
                std::fs::write(path, png(&format!("A chart: {name}"), &points(&values)).unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out_and_a_long_series_shows_its_end() {
        assert_eq!(png("x", &[]), None);
        assert_eq!(png("x", &points(&[1.0, f64::NAN])), None);
        assert_eq!(png("x", &points(&[f64::INFINITY])), None);
        assert!(png("ü 漢字", &points(&vec![1.0; MOST_BARS * 2])).is_some());
        assert!(png("huge", &points(&[1e300, -1e300, 1e-300])).is_some());
    }
}
