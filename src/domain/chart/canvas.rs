//! Pixels in memory, as something to draw on and as PNG.

use std::convert::Infallible;

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{Dimensions, DrawTarget, Pixel, Point, RgbColor, Size};
use embedded_graphics::primitives::Rectangle;

/// Pixels in memory.
pub struct Canvas {
    pixels: Vec<u8>,
    size: (u32, u32),
    /// How far below the edge what is drawn at the top stands.
    top: i32,
}

impl Canvas {
    /// A white canvas.
    pub fn white(size: (u32, u32)) -> Canvas {
        Canvas { pixels: vec![0xff; (size.0 * size.1 * 3) as usize], size, top: 0 }
    }

    /// Moves what is drawn from now on down by `height`.
    pub fn move_down(&mut self, height: u32) {
        self.top = self.top.saturating_add_unsigned(height);
    }

    /// The whole as PNG.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.size.0, self.size.1);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&self.pixels).ok()?;
        writer.finish().ok()?;
        Some(bytes)
    }
}

impl Dimensions for Canvas {
    fn bounding_box(&self) -> Rectangle {
        Rectangle::new(Point::zero(), Size::new(self.size.0, self.size.1))
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        let (width, height) = self.size;
        for Pixel(Point { x, y }, colour) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y.saturating_add(self.top))) else {
                continue;
            };
            if x >= width || y >= height {
                continue;
            }
            let at = ((y * width + x) * 3) as usize;
            if let Some(pixel) = self.pixels.get_mut(at..at + 3) {
                pixel.copy_from_slice(&[colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}
