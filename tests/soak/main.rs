//! The soak: the program as it is started in earnest, beside a simulated Slack that misbehaves, under steady traffic.
//!
//! `tests/soak/run --minutes 10 --seed 7` is the way to start it. The traffic and the faults follow from the seed; the process
//! and the clock are real, so two runs of one seed are alike and not the same. At the end both sides are compared: what was
//! said in Slack with what the desk holds, and what the desk was asked to say with what stands in Slack. One line of figures
//! is printed; the exit code is 1 when anything is lost, doubled, never acknowledged or still pending.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use deskd::runtime::clock::Clock;
use deskd::simulator::{MentionOrder, Setup, Simulator};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

mod backlog;
mod desk;
mod disk;
mod faults;
mod figures;
mod proof;
mod talk;
mod traffic;

use desk::Desk;
use faults::Mischief;
use figures::Sampler;
use talk::Talk;

/// Whether the desk fetches by itself what Slack never delivered. If not, such messages are counted as `missed` and are no
/// failure.
const RECOVERS: bool = true;

/// How long the reading of the history is waited for.
const READ: Duration = Duration::from_secs(60);

/// How long everything may take to come to rest once nothing goes wrong any more.
const REST: Duration = Duration::from_secs(180);

/// What to do.
struct Args {
    minutes: f64,
    seed: u64,
    rate: f64,
    strict: bool,
    backlog: Option<usize>,
}

impl Args {
    fn read() -> Result<Args, String> {
        let mut args = Args { minutes: 2.0, seed: 1, rate: 10.0, strict: RECOVERS, backlog: None };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--minutes" => args.minutes = number(&value()?)?,
                "--seed" => args.seed = number(&value()?)?,
                "--rate" => args.rate = number(&value()?)?,
                "--backlog" => args.backlog = Some(number(&value()?)?),
                "--strict" => args.strict = true,
                _ => {
                    return Err(format!(
                        "{word} is not known; there are --minutes, --seed, --rate, --strict, --backlog"
                    ));
                }
            }
        }
        Ok(args)
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is not a number"))
}

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            match args.backlog {
                Some(rows) => backlog::run(rows, args.rate, args.seed).await,
                None => soak(&args).await,
            }
        })
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("soak: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace of the soak: sockets live two minutes, and what finds no socket is tried again after 6 and 25 seconds instead
/// of 1 and 5 minutes, so that an hour holds what otherwise takes a day.
pub fn workspace() -> Result<Simulator, String> {
    let setup = Setup {
        epoch_ms: Clock::Wall.now().0,
        mention_order: MentionOrder::Either,
        offline_retry_ms: [6_000, 25_000],
        connection_life_s: 120,
        ..Setup::default()
    };
    Simulator::start(([127, 0, 0, 1], 0).into(), setup).map_err(|error| error.to_string())
}

/// Waits until the desk has both of its sockets.
pub async fn connected(slack: &Simulator) -> Result<(), String> {
    let there = slack.until(|slack| slack.sockets() >= 2);
    timeout(Duration::from_secs(60), there)
        .await
        .map_err(|_| "the desk did not connect within a minute".to_owned())
}

async fn soak(args: &Args) -> Result<bool, String> {
    let slack = workspace()?;
    let mut desk = Desk::new(&slack, "2s", "10s")?;
    desk.start()?;
    connected(&slack).await?;
    let talk = Talk::new(&desk);
    for teammate in traffic::TEAM {
        talk.run(&["team", "add", &format!("@{teammate}")])
            .await
            .map_err(|said| format!("team add: {said}"))?;
    }
    let stop = CancellationToken::new();
    let sampler = Arc::new(Sampler::new(&desk));
    let sampling = tokio::spawn(sampler.clone().run());
    let people = tokio::spawn(traffic::people(slack.clone(), args.seed, args.rate, stop.clone()));
    let team = tokio::spawn(traffic::team(talk.clone(), args.seed, stop.clone()));
    let mut mischief = Mischief::new(slack.clone(), args.seed);
    let during = Duration::from_secs_f64(args.minutes * 60.0);
    let broke = mischief.run(&mut desk, &sampler, during).await;
    mischief.mend(&mut desk).await?;
    stop.cancel();
    people.await.map_err(|error| error.to_string())?;
    let replies = team.await.map_err(|error| error.to_string())?;
    let mut problems: Vec<String> = broke.err().into_iter().collect();
    problems.extend(rest(&slack, &talk).await.err());
    // What is still being read at the pace that Slack allows cannot be there yet; it counts as missed.
    let strict = args.strict && recovered(&talk).await;
    sampler.look().await;
    sampling.abort();
    let proof = proof::compare(&slack, &desk.database(), &replies, strict)?;
    problems.extend(proof.differences.iter().cloned());
    let told = figures::Told {
        seed: args.seed,
        minutes: args.minutes,
        proof: &proof,
        mischief: &mischief,
        unacked: slack.unacked(),
    };
    println!("{}", sampler.line(&told, &slack));
    problems.extend(desk.stop().await.err());
    for problem in problems.iter().take(40) {
        println!("  {problem}");
    }
    if !problems.is_empty() {
        println!(
            "  {} differences; the log and the database are in {}",
            problems.len(),
            desk.keep().display()
        );
    }
    Ok(problems.is_empty())
}

/// Waits until nothing is under way on either side, for three looks in a row.
async fn rest(slack: &Simulator, talk: &Talk) -> Result<(), String> {
    let (mut calm, mut open) = (0, String::new());
    let waiting = async {
        while calm < 3 {
            sleep(Duration::from_secs(1)).await;
            open = match talk.get("/v1/status").await {
                Ok(status) => pending(&status, slack),
                Err(problem) => problem,
            };
            calm = if open.is_empty() { calm + 1 } else { 0 };
        }
    };
    timeout(REST, waiting).await.map_err(|_| format!("still under way after {} s: {open}", REST.as_secs()))
}

/// Waits for the desk to have read what it missed; whether it has. A channel is read in seconds, but of threads Slack allows
/// fifty a minute.
async fn recovered(talk: &Talk) -> bool {
    let reading = async {
        while talk.get("/v1/status").await.is_ok_and(|status| status["recovery"]["running"] == true) {
            sleep(Duration::from_secs(1)).await;
        }
    };
    timeout(READ, reading).await.is_ok()
}

/// What is still under way; empty when nothing is.
fn pending(status: &serde_json::Value, slack: &Simulator) -> String {
    let mut open = Vec::new();
    let held = [
        ("journal", &status["journal"]["pending"]),
        ("open bundles", &status["bundles_open"]),
        ("sealed bundles", &status["bundles_sealed"]),
        ("waiting sends", &status["outbox"]["waiting"]),
        ("sends under way", &status["outbox"]["sending"]),
    ];
    for (name, count) in held {
        if count.as_i64() != Some(0) {
            open.push(format!("{name} {count}"));
        }
    }
    if slack.unacked() > 0 {
        open.push(format!("unacked {}", slack.unacked()));
    }
    if slack.sockets() < 2 {
        open.push(format!("sockets {}", slack.sockets()));
    }
    open.join(", ")
}
