//! How good judgements were: accuracy, calibration, and how well confidence tells right from wrong.

/// Bins of the calibration error, equally wide.
const BINS: usize = 15;

/// A judgement that is compared with the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// How sure it was.
    pub confidence: f32,
    /// Whether it was right.
    pub right: bool,
}

/// The share of right ones; zero for none at all.
pub fn accuracy(scored: &[Scored]) -> f64 {
    share(scored.iter().filter(|one| one.right).count(), scored.len())
}

/// How far confidence and accuracy are apart, on average (expected calibration error).
pub fn calibration_error(scored: &[Scored]) -> f64 {
    let mut bins = [(0usize, 0usize, 0.0f64); BINS];
    for one in scored {
        let (count, right, sum) = &mut bins[bin(one.confidence)];
        *count += 1;
        *right += usize::from(one.right);
        *sum += f64::from(one.confidence);
    }
    let apart = bins.iter().map(|(_, right, sum)| (*right as f64 - sum).abs()).sum::<f64>();
    if scored.is_empty() { 0.0 } else { apart / scored.len() as f64 }
}

/// Those at least this sure: which share of all they are, and which share of them is right.
pub fn coverage(scored: &[Scored], confidence: f32) -> (f64, f64) {
    let sure: Vec<Scored> = scored.iter().copied().filter(|one| one.confidence >= confidence).collect();
    (share(sure.len(), scored.len()), accuracy(&sure))
}

/// The probability that one of `high` is above one of `low` (area under the ROC curve); one half for nothing to compare.
pub fn separation(high: &[f32], low: &[f32]) -> f64 {
    let mut all: Vec<(f32, bool)> =
        high.iter().map(|value| (*value, true)).chain(low.iter().map(|value| (*value, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins) = (0.0, 0.0);
    for same in all.chunk_by(|a, b| a.0 == b.0) {
        let highs = same.iter().filter(|(_, is_high)| *is_high).count() as f64;
        let lows = same.len() as f64 - highs;
        wins += highs * (below + lows / 2.0);
        below += lows;
    }
    let pairs = high.len() as f64 * low.len() as f64;
    if pairs > 0.0 { wins / pairs } else { 0.5 }
}

/// How well confidence tells right ones from wrong ones.
pub fn insight(scored: &[Scored]) -> f64 {
    let of = |right: bool| -> Vec<f32> {
        scored.iter().filter(|one| one.right == right).map(|one| one.confidence).collect()
    };
    separation(&of(true), &of(false))
}

/// The value that `part` of all `values` are not above; zero for none.
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (part * values.len() as f64) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

fn bin(confidence: f32) -> usize {
    ((confidence * BINS as f32) as usize).min(BINS - 1)
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::{Scored, accuracy, calibration_error, coverage, insight, quantile, separation};

    fn scored(pairs: &[(f32, bool)]) -> Vec<Scored> {
        pairs.iter().map(|&(confidence, right)| Scored { confidence, right }).collect()
    }

    #[test]
    fn perfect_confidence_has_no_error_and_tells_all_apart() {
        let all = scored(&[(1.0, true), (1.0, true), (0.0, false)]);
        assert_eq!((calibration_error(&all), insight(&all)), (0.0, 1.0));
        assert!((accuracy(&all) - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn confidence_beyond_what_is_earned_is_an_error() {
        let all = scored(&[(0.9, true), (0.9, false)]);
        assert!((calibration_error(&all) - 0.4).abs() < 1e-6);
        assert_eq!(coverage(&all, 0.8), (1.0, 0.5));
        assert_eq!(coverage(&all, 0.95), (0.0, 0.0));
    }

    #[test]
    fn equal_values_count_half() {
        assert_eq!(separation(&[0.5], &[0.5]), 0.5);
        assert_eq!(separation(&[0.9, 0.1], &[0.5]), 0.5);
        assert_eq!(separation(&[], &[0.5]), 0.5);
    }

    #[test]
    fn a_quantile_of_nothing_is_nothing() {
        assert_eq!(quantile(&mut [], 0.5), 0.0);
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), 2.0);
    }
}
