//! The word that was probably meant: hints for whoever mistyped one.

/// The word of `known` that a typing mistake in `word` most likely meant.
///
/// Jaro-Winkler, because people get the beginning of a word right; below 0.8 a guess misleads more than it helps.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    const SURE_ENOUGH: f64 = 0.8;
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), candidate), candidate))
        .filter(|(likeness, _)| *likeness >= SURE_ENOUGH)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}
