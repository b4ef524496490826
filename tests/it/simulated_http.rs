//! The simulated workspace delivers over HTTP as Slack does: signed, in three forms, and again when nobody answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use deskd::config::Secret;
use deskd::config::apps::Signing;
use deskd::config::settings::Mode;
use deskd::simulator::{HttpSetup, Setup, Simulator};
use deskd::web::serve_slack;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::http_mode::SECRET;
use crate::world::World;

async fn address() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn setup(address: SocketAddr) -> Setup {
    let base = format!("http://{address}/slack");
    let http = HttpSetup { base, signing_secret: SECRET.to_owned(), ca_pem: None };
    Setup { http: Some(http), ..Setup::default() }
}

#[tokio::test(start_paused = true)]
async fn what_people_do_reaches_the_desk_as_signed_requests() {
    let (listener, address) = address().await;
    let mut world = World::without_desk(setup(address), |config| config.slack.mode = Mode::Http);
    world.signing = Signing::of(vec![Secret::new(SECRET)]);
    world.settle().await;
    let stop = CancellationToken::new();
    tokio::spawn(serve_slack(listener, world.desk().doorway(), stop.clone()));
    assert_eq!(world.slack.try_address().await, Some(true));
    world.slack.say("ada", "support", "my invoice is wrong \u{1f4a5}").unwrap();
    let command = world.slack.run_command("ada", "support", "/desk", "help").unwrap();
    let answer = world.slack.answer(command).await;
    assert_eq!(answer.payload.unwrap()["response_type"], "ephemeral");
    world.pass(40).await;
    let tasks = world.tasks().await;
    assert!(tasks.contains("my invoice is wrong"), "{tasks}");
    assert_eq!((world.slack.unacked(), world.slack.sockets()), (0, 0));
    stop.cancel();
    world.finish().await;
}

/// What a request was like: the retry it says it is, and why.
type Seen = Arc<Mutex<Vec<(i64, String, String)>>>;

#[tokio::test(start_paused = true)]
async fn what_is_refused_comes_again_at_once_after_a_minute_and_after_five() {
    crate::world::crypto();
    let (listener, address) = address().await;
    let slack = Simulator::start(([127, 0, 0, 1], 0).into(), setup(address)).unwrap();
    let seen = Seen::default();
    let refuse = async |State((seen, slack)): State<(Seen, Simulator)>, request: Request| {
        let header = |name: &str| {
            let value = request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            value.unwrap_or_default()
        };
        let (number, reason) = (header("x-slack-retry-num"), header("x-slack-retry-reason"));
        seen.lock().unwrap().push((slack.now_ms(), number, reason));
        StatusCode::SERVICE_UNAVAILABLE
    };
    let app = Router::new().fallback(refuse).with_state((seen.clone(), slack.clone()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    slack.say("ada", "support", "is anybody there?").unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    let all = seen.lock().unwrap().clone();
    let first = all[0].0;
    let told: Vec<(i64, &str, &str)> = all
        .iter()
        .map(|(at, number, reason)| ((at - first) / 1000, number.as_str(), reason.as_str()))
        .collect();
    let again = "http_error";
    assert_eq!(told, [(0, "", ""), (0, "1", again), (60, "2", again), (360, "3", again)]);
    assert_eq!((slack.lost(), slack.unacked()), (1, 0));
    slack.stop();
}
