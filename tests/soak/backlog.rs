//! The journal full at the start, and how quickly sockets come back.

/// Placeholder until written.
pub async fn run(_rows: usize, _rate: f64, _seed: u64) -> Result<bool, String> {
    Err("not yet".to_owned())
}
