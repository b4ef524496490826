//! How fast notices are routed: `cargo bench --bench routing`.
//!
//! 200 routes as a company has them: by kind, severity, client, pattern and amount; most notices are taken by one of the last.
//! One core decides, with silences and inhibitions in force.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use deskd::config::Places;
use deskd::config::check::{Layers, check};
use deskd::config::file::Source;
use deskd::domain::ids::ProblemId;
use deskd::domain::notice::problem::Effect;
use deskd::domain::notice::{Content, Draft, Kinds, draft};
use deskd::domain::route::quiet::Silence;
use deskd::domain::route::{Asked, Matcher, Rules, State, decide};
use deskd::domain::time::Timestamp;

const ROUTES: usize = 200;
const DECISIONS: usize = 400_000;
/// What deskd promises, a second on one core.
const PROMISED: f64 = 50_000.0;

fn main() {
    let (rules, state, now) = (rules(), state(), Timestamp(1_800_000_000_000));
    let notices: Vec<Content> = (0..1_000).map(notice).collect();
    let mut delivered = 0;
    let began = began();
    for number in 0..DECISIONS {
        let content = &notices[number % notices.len()];
        let problem = i64::try_from(number).ok().map(ProblemId);
        let asked =
            Asked { content, source: "shop", project: None, problem, effect: Effect::Begins, told: false };
        delivered += decide(&asked, &rules, &state, now).deliveries.len();
    }
    let took = since(began);
    let rate = DECISIONS as f64 / took.as_secs_f64();
    println!("{ROUTES} routes: {rate:.0} decisions/s on one core, {delivered} deliveries");
    assert!(rate >= PROMISED, "slower than {PROMISED} a second");
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn began() -> Instant {
    Instant::now()
}

fn since(began: Instant) -> Duration {
    began.elapsed()
}

fn rules() -> Rules {
    let mut text = String::new();
    for number in 0..ROUTES - 1 {
        let about = match number % 5 {
            0 => format!("kind = [\"payment.*\", \"alert\"]\nwhere = {{ client = \"client {number}\" }}"),
            1 => format!("at_least = \"error\"\nwhere = {{ client = \"/^(acme|zeta) {number}$/\" }}"),
            2 => format!("kind = \"alert\"\nwhere = {{ system = [\"db-{number}\", \"web-{number}\"] }}"),
            3 => format!("category = \"payments\"\nwhere = {{ amount = \">= {number}000000 EUR\" }}"),
            _ => format!("severity = \"critical\"\nwhere = {{ owner = \"person {number}\" }}"),
        };
        text.push_str(&format!("[[route]]\nname = \"route {number}\"\n{about}\nto = [\"#c{number}\"]\n"));
    }
    text.push_str("[[route]]\nname = \"rest\"\nto = [\"#rest\"]\n");
    text.push_str("[[inhibit]]\nsource = { kind = \"alert\" }\ntarget = { kind = \"x.*\" }\n");
    let source = Source { path: PathBuf::from("config.toml"), text };
    let layers = Layers { source: Some(&source), env: &Default::default(), flags: &[] };
    check(&layers, &Places::system()).expect("the rules are right").routing
}

fn state() -> State {
    let silence = |id: i64| {
        let pairs =
            [("kind".to_owned(), vec!["alert".to_owned()]), ("system".to_owned(), vec![format!("old-{id}")])];
        Silence { id, matcher: Matcher::of(&pairs).expect("it is right") }
    };
    State { silences: (0..10).map(silence).collect(), ..State::default() }
}

fn notice(number: usize) -> Content {
    let (kind, fields): (&str, Vec<(&str, String)>) = match number % 2 {
        0 => (
            "payment.failed",
            vec![("client", format!("client {number}")), ("amount", format!("{number}.50 EUR"))],
        ),
        _ => ("alert", vec![("system", format!("db-{number}")), ("client", format!("zeta {number}"))]),
    };
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let draft = Draft { kind: kind.to_owned(), fields, ..Draft::default() };
    draft::check(&draft, "shop", &Kinds::builtin(), Timestamp(1_800_000_000_000))
        .expect("it is right")
        .content
}
