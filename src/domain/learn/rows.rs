//! Numbers kept by row. Of the many rows that features are hashed into a desk's examples use few, and a model is copied with
//! every lesson: so only the rows that were used are there.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A number for each row that has one.
#[derive(Clone, Debug, Default)]
pub struct Rows(HashMap<u32, u32, BuildHasherDefault<Spread>>);

impl Rows {
    /// The number of a row, if it has one.
    pub fn get(&self, row: u32) -> Option<u32> {
        self.0.get(&row).copied()
    }

    /// The number of a row, which is `first` where it had none.
    pub fn get_or(&mut self, row: u32, first: u32) -> &mut u32 {
        self.0.entry(row).or_insert(first)
    }
}

/// A row is a hash already; its bits are only spread to where the map looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, row: u32) {
        self.0 = (self.0 ^ u64::from(row)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn a_row_keeps_its_first_number_until_it_is_changed() {
        let mut rows = Rows::default();
        assert_eq!(rows.get(7), None);
        assert_eq!(*rows.get_or(7, 3), 3);
        assert_eq!(*rows.get_or(7, 9), 3, "it has one");
        *rows.get_or(7, 0) += 1;
        assert_eq!((rows.get(7), rows.get(8)), (Some(4), None));
    }
}
