//! Several pictures under each other in one.

use super::canvas::Canvas;
use super::matrix::Matrix;
use super::{SIZE, draw_bars, drawable};
use crate::domain::figures;

/// One of the pictures.
#[derive(Clone, Debug, PartialEq)]
pub enum Panel {
    /// A series as bars.
    Bars(Vec<figures::Point>),
    /// Counts in rows and columns.
    Matrix(Matrix),
}

/// Draws panels under their titles; those that cannot be drawn are left out. `None` when that is all of them.
pub fn sheet(panels: &[(&str, Panel)]) -> Option<Vec<u8>> {
    let is_drawable = |panel: &Panel| match panel {
        Panel::Bars(series) => drawable(series).is_some(),
        Panel::Matrix(matrix) => !matrix.names.is_empty(),
    };
    let panels: Vec<&(&str, Panel)> = panels.iter().filter(|(_, panel)| is_drawable(panel)).collect();
    if panels.is_empty() {
        return None;
    }
    let height = SIZE.1.saturating_mul(u32::try_from(panels.len()).ok()?);
    let mut canvas = Canvas::white((SIZE.0, height));
    for (title, panel) in panels {
        match panel {
            Panel::Bars(series) => draw_bars(&mut canvas, title, drawable(series).unwrap_or_default()),
            Panel::Matrix(matrix) => matrix.draw(&mut canvas, title),
        }
        canvas.move_down(SIZE.1);
    }
    canvas.encode()
}

#[cfg(test)]
mod tests {
    use super::super::Matrix;
    use super::{Panel, sheet};
    use crate::domain::figures::Point;

    fn bars(count: usize) -> Panel {
        let point = |at: usize| Point { label: format!("{at}"), value: at as f64 };
        Panel::Bars((0..count).map(point).collect())
    }

    fn matrix(count: usize) -> Panel {
        let names = (0..count).map(|at| format!("category-{at}")).collect();
        let counts = (0..count).map(|row| (0..count).map(|column| row * column).collect()).collect();
        Panel::Matrix(Matrix { names, counts })
    }

    fn height(png: &[u8]) -> u32 {
        png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap().info().height
    }

    #[test]
    fn a_sheet_is_as_high_as_what_can_be_drawn() {
        let sheet_of = |panels: &[(&str, Panel)]| sheet(panels).map(|png| height(&png));
        assert_eq!(
            sheet_of(&[("a", bars(3)), ("b", matrix(3)), ("c", bars(0)), ("d", matrix(0))]),
            Some(720)
        );
        assert_eq!(sheet_of(&[("a", bars(0))]), None);
    }

    #[test]
    fn any_number_of_names_has_room() {
        for count in [1, 2, 9, 10, 60] {
            assert!(sheet(&[("many", matrix(count))]).is_some());
        }
        let uneven = Matrix { names: vec!["a".to_owned(), "b".to_owned()], counts: vec![vec![1]] };
        assert!(sheet(&[("uneven", Panel::Matrix(uneven))]).is_some());
    }
}
