//! Makes the identifiers Slack would make: `ts`, event, envelope, trigger, view and file ids.
//!
//! Everything follows from the start time of the simulator, so a test that starts at the same
//! moment sees the same ids. Nothing here looks anything up.

/// Source of ids; unique within one run, and between runs that start at different moments.
#[derive(Debug)]
pub struct Ids {
    rng: fastrand::Rng,
    prefix: String,
    count: u64,
    last_ts_us: i64,
}

impl Ids {
    /// Ids for a run that starts at `epoch_ms`.
    pub fn new(epoch_ms: i64) -> Self {
        let seed = epoch_ms.unsigned_abs();
        Self { rng: fastrand::Rng::with_seed(seed), prefix: base36(seed), count: 0, last_ts_us: 0 }
    }

    /// A message `ts` at `now_us`: strictly later than every `ts` before it.
    pub fn ts(&mut self, now_us: i64) -> String {
        self.last_ts_us = now_us.max(self.last_ts_us + 1);
        format!("{:010}.{:06}", self.last_ts_us / 1_000_000, self.last_ts_us % 1_000_000)
    }

    /// An id with Slack's leading letters, such as `Ev…`, `V…`, `F…`.
    pub fn next(&mut self, letters: &str) -> String {
        self.count += 1;
        format!("{letters}{}{:0>5}", self.prefix, base36(self.count))
    }

    /// A random identifier in the shape of a UUID version 4.
    pub fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid().to_string()
    }

    /// `digits` random hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit(self.rng.u32(0..16), 16).unwrap_or('0')).collect()
    }

    /// A trigger id in the shape Slack gives them.
    pub fn trigger(&mut self) -> String {
        self.count += 1;
        format!("{}.{}.{}", self.rng.u64(1_000_000_000..9_999_999_999), 1_000_000 + self.count, self.hex(32))
    }

    /// A number below `bound`, for picking one of several open sockets.
    pub fn pick(&mut self, bound: usize) -> usize {
        self.rng.usize(..bound)
    }
}

/// An id that depends only on a name, so that `#support` has the same id in every run.
pub fn stable(letters: &str, name: &str) -> String {
    // FNV-1a: the id needs no secrecy, only to be the same everywhere.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut digits = format!("{:0>9}", base36(hash));
    digits.truncate(9);
    format!("{letters}0{digits}")
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0').to_ascii_uppercase());
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::{Ids, stable};

    #[test]
    fn every_ts_is_later_than_the_one_before_even_when_the_clock_stands_still() {
        let mut ids = Ids::new(1_700_000_000_000);
        let first = ids.ts(1_700_000_000_000_000);
        let second = ids.ts(1_700_000_000_000_000);
        assert_eq!(first, "1700000000.000000");
        assert_eq!(second, "1700000000.000001");
        assert!(second < first.replace("1700000000.", "1700000001."));
    }

    #[test]
    fn a_name_gives_the_same_id_in_every_run() {
        assert_eq!(stable("C", "support"), stable("C", "support"));
        assert_ne!(stable("C", "support"), stable("C", "sales"));
        assert_eq!(stable("U", "ada").len(), 11);
    }
}
