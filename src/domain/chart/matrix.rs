//! Counts in rows and columns of the same names: the diagonal is what agrees, the rest what was taken for something else.

use std::convert::Infallible;

use embedded_graphics::mono_font::iso_8859_1::FONT_8X13;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{Drawable, Point, RgbColor, Size};
use embedded_graphics::primitives::{Primitive, PrimitiveStyle, Rectangle};
use embedded_graphics::text::Alignment;

use super::canvas::Canvas;
use super::{BAR, BELOW, FRAME, INK, PALE, write, write_title};

/// Most names that are shown: more would leave no room for a count.
const MOST_NAMES: usize = 9;
/// Where the cells begin, below and right of their names.
const CORNER: (i32, i32) = (180, 84);

/// Counts in rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// The names of rows and columns, most important first.
    pub names: Vec<String>,
    /// A count for each row and column.
    pub counts: Vec<Vec<usize>>,
}

impl Matrix {
    /// Draws it under a title.
    pub(super) fn draw(&self, canvas: &mut Canvas, title: &str) {
        // Drawing on a canvas in memory cannot fail.
        let Ok(()) = self.try_draw(canvas, title);
    }

    fn try_draw(&self, canvas: &mut Canvas, title: &str) -> Result<(), Infallible> {
        write_title(canvas, title)?;
        let names = &self.names[..self.names.len().min(MOST_NAMES)];
        let count = names.len().max(1) as i32;
        let (width, height) = ((FRAME.2 - CORNER.0) / count, (FRAME.3 - CORNER.1) / count);
        let letters = (width / 8 - 1).max(1) as usize;
        for (row, name) in names.iter().enumerate() {
            let (x, y) = (CORNER.0 + row as i32 * width, CORNER.1 + row as i32 * height);
            let above = Point::new(x + width / 2, CORNER.1 - 18);
            write(canvas, &shortened(name, letters), above, (&FONT_8X13, PALE), Alignment::Center)?;
            let before = Point::new(CORNER.0 - 8, y + height / 2 - 6);
            write(canvas, &shortened(name, 20), before, (&FONT_8X13, PALE), Alignment::Right)?;
            let counts = self.counts.get(row).map_or(&[][..], Vec::as_slice);
            let sum = counts.iter().sum::<usize>().max(1);
            for (column, count) in counts.iter().take(names.len()).enumerate() {
                let corner = Point::new(CORNER.0 + column as i32 * width, y);
                let cell = Rectangle::new(corner, Size::new(width as u32 - 1, height as u32 - 1));
                let share = *count as f64 / sum as f64;
                draw_cell(canvas, cell, (*count, share), if row == column { BAR } else { BELOW })?;
            }
        }
        Ok(())
    }
}

/// The larger its share of the row, the deeper the colour of a cell.
fn draw_cell(
    canvas: &mut Canvas,
    cell: Rectangle,
    (count, share): (usize, f64),
    full: Rgb888,
) -> Result<(), Infallible> {
    let depth = if count == 0 { 0.0 } else { 0.12 + 0.88 * share };
    let mixed = |part: u8| (255.0 - depth * (255.0 - f64::from(part))).round() as u8;
    let colour = Rgb888::new(mixed(full.r()), mixed(full.g()), mixed(full.b()));
    cell.into_styled(PrimitiveStyle::with_fill(colour)).draw(canvas)?;
    let ink = if depth > 0.55 { Rgb888::WHITE } else { INK };
    let middle = cell.center() - Point::new(0, 6);
    let text = if count == 0 { "-".to_owned() } else { count.to_string() };
    let ink = if count == 0 { PALE } else { ink };
    write(canvas, &text, middle, (&FONT_8X13, ink), Alignment::Center)
}

/// The name, or its beginning with a dot.
fn shortened(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    name.chars().take(letters.saturating_sub(1)).chain(['.']).collect()
}
