//! The demo tells the truth, and what it tells is what the desk promises.

use anstream::StripStream;
use deskd::cli::call::Exit;
use deskd::cli::demo::{self, Args};
use deskd::domain::time::Timestamp;
use deskd::runtime::clock::Clock;

/// 2026-01-05 09:00:00 UTC.
const MONDAY: Timestamp = Timestamp(1_767_603_600_000);

#[tokio::test(start_paused = true)]
async fn the_demo_ends_by_itself_and_all_goes_as_told() {
    crate::world::crypto();
    let clock = Clock::starting_at(MONDAY);
    let mut screen = StripStream::new(Vec::new());
    let exit = demo::run(&Args { once: true }, clock, &mut screen).await.unwrap();
    let shown = String::from_utf8(screen.into_inner()).unwrap();
    assert_eq!(exit, Exit::Done, "{shown}");
    assert!(clock.now().since(MONDAY).as_secs() < 45, "it ends within 45 s:\n{shown}");
    for line in [
        "#support  ada: Hi, invoice 4711 was charged twice",
        "ignored: written by a bot that is not trusted",
        "ignored: channel not monitored",
        "moved from waiting to done by user:demo",
        "bundle 4 joined by contact",
        "classified again, from question to bug",
    ] {
        assert!(shown.contains(line), "{line} is missing:\n{shown}");
    }
    let effect = shown.find("opened bundle 1").unwrap();
    assert!(shown.find("ada: Hi").unwrap() < effect, "a cause stands before its effect:\n{shown}");
}
