//! Learning what channels there are, at Slack's pace.

use std::time::Duration;

use deskd::intake::workspace::{Trouble, Workspace};
use deskd::runtime::bell::Bell;
use deskd::runtime::worker::{Next, Worker};
use deskd::simulator::{ChannelSetup, Fault, Setup, Times};
use tokio::sync::watch;

use crate::world::World;

#[tokio::test(start_paused = true)]
async fn a_rate_limit_in_the_middle_of_a_long_list_is_waited_for_outside_the_step_and_goes_on_there() {
    let mut setup = Setup::default();
    setup.channels.extend((0..450).map(|number| ChannelSetup::public(&format!("room-{number}"))));
    let mut world = World::without_desk(setup, |_| {});
    world.open().await;
    world.pass(120).await;
    let front = world.desk().front();
    let known = front.store.of(&world.workspace).channels().await.unwrap().len();
    assert!(known >= 450, "{known}");
    let before = world.slack.calls("conversations.list");
    let (tell, _ours) = watch::channel(None);
    let trouble = Trouble::default();
    let mut worker = Workspace::new(front.store, front.api, tell, Bell::new(), trouble.clone());
    let now = world.clock.now();
    assert_eq!(worker.step(now).await.unwrap(), Next::Again);
    world.slack.fault("conversations.list", Fault::RateLimited(300), Times::Count(1));
    let next = worker.step(now).await.unwrap();
    assert_eq!(next, Next::NotBefore(now.plus(Duration::from_secs(300))), "not one second of it in the step");
    assert_eq!((world.clock.now().since(now) < Duration::from_secs(5), trouble.now()), (true, None));
    assert_eq!(worker.step(now).await.unwrap(), Next::Again);
    assert!(matches!(worker.step(now).await.unwrap(), Next::At(_)), "complete");
    assert_eq!(
        world.slack.calls("conversations.list") - before,
        4,
        "three pages, one of them asked for twice"
    );
    world.finish().await;
}
