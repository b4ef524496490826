//! The second part: what a company's systems have to say. A payment fails at night, an alert storms and ends, and the morning
//! brings what was held.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::narrator::Narrator;
use super::stage::Stage;
use crate::domain::ids::NoticeId;
use crate::domain::notice::{Draft, Severity};
use crate::domain::route::hours::Hours;
use crate::domain::route::{Destination, Matcher, Route, Rules};
use crate::domain::time::Timestamp;
use crate::store::why::Subject;

/// How long after the start of the demo its morning comes: when the first part is over and the night has been told.
const NIGHT: Duration = Duration::from_secs(24);

/// How long something that has to come may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many times the alert of the demo comes.
const STORM: usize = 40;

/// Payments go to #sales, and by day only; everything else goes to #general at once.
pub fn rules(now: Timestamp) -> Rules {
    let route = |name: &str, kind: &str, channel: &str, hours: Option<Arc<Hours>>| Route {
        name: name.into(),
        matcher: Matcher { kinds: vec![kind.to_owned()], ..Matcher::default() },
        to: vec![Destination::Channel(channel.to_owned())],
        to_project: false,
        goes_on: false,
        mention: None,
        hours,
        breaks_through: Severity::Critical,
        digest: None,
        gather_over: None,
        ttl: None,
    };
    let day = Arc::new(day(now));
    Rules {
        routes: vec![
            route("payments", "payment.*", "#sales", Some(day)),
            route("rest", "*", "#general", None),
        ],
        ..Rules::default()
    }
}

/// A day that has just ended and begins again when the night has been told.
fn day(now: Timestamp) -> Hours {
    let at = |instant: Timestamp| {
        let whole = jiff::Timestamp::from_millisecond(instant.0).unwrap_or_default();
        whole.to_zoned(TimeZone::UTC).time()
    };
    use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    Hours {
        name: "day".to_owned(),
        zone: TimeZone::UTC,
        days: vec![Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday],
        from: at(now.plus(NIGHT)),
        to: at(now.minus(Duration::from_secs(60))),
        holidays: Default::default(),
    }
}

/// Plays it; what is not as told comes back, one sentence each.
pub async fn play(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<Vec<String>> {
    narrator.heading("Systems speak, too. At night two payments fail, which can wait until the morning")?;
    for (client, amount) in [("Acme", "1250.00 EUR"), ("Globex", "90.00 EUR")] {
        let fields = [("client", client), ("amount", amount)];
        let typed = format!("deskd notify payment.failed --field client={client} --field 'amount={amount}'");
        narrator.typed(&typed)?;
        let id = tell(stage, draft("payment.failed", "", &fields)).await?;
        outcome(stage, narrator, id).await?;
    }
    narrator.heading(&format!("An alert storms: {STORM} times the same, and at last it is over"))?;
    let lag = |status: &str| Draft {
        status: status.to_owned(),
        ..draft("alert", "Replication is late", &[("system", "db-2")])
    };
    narrator.typed(&format!(
        "deskd notify alert --title 'Replication is late' --field system=db-2   # {STORM} times"
    ))?;
    for _ in 0..STORM {
        tell(stage, lag("firing")).await?;
    }
    narrator.watch(Duration::from_secs(2)).await?;
    narrator
        .typed("deskd notify alert --title 'Replication is late' --field system=db-2 --status resolved")?;
    tell(stage, lag("resolved")).await?;
    let resolved = |posts: &[String]| posts.iter().any(|text| text.starts_with("Resolved: Replication"));
    until(stage, narrator, "general", resolved).await.context("the end of the alert was not told")?;
    narrator.heading("The morning comes, and with it what was held")?;
    let recap = |posts: &[String]| posts.iter().any(|text| text.starts_with("While you were away"));
    until(stage, narrator, "sales", recap).await.context("the morning brought no recap")?;
    differences(stage)
}

fn differences(stage: &Stage) -> Result<Vec<String>> {
    let cards = posts(stage, "general")?;
    let told = cards.iter().filter(|(_, reply)| !reply).count();
    let counted = cards.iter().any(|(text, _)| text.contains(&format!("{STORM} times")));
    let mut found = Vec::new();
    if told != 1 || !counted || cards.len() > 4 {
        found.push(format!("the storm should be one card that counts to {STORM}, and Slack has {cards:?}"));
    }
    let recaps = posts(stage, "sales")?.iter().filter(|(text, _)| text.contains("2 notices")).count();
    if recaps != 1 {
        found.push(format!("there should be one recap of two notices, and there are {recaps}"));
    }
    Ok(found)
}

/// The desk's messages in a channel, and whether each stands in a thread.
fn posts(stage: &Stage, channel: &str) -> Result<Vec<(String, bool)>> {
    Ok(stage.slack.posts(channel)?.into_iter().map(|post| (post.text, post.thread_ts.is_some())).collect())
}

fn draft(kind: &str, title: &str, fields: &[(&str, &str)]) -> Draft {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Draft { kind: kind.to_owned(), title: title.to_owned(), fields, ..Draft::default() }
}

async fn tell(stage: &Stage, draft: Draft) -> Result<NoticeId> {
    let taken = stage.front.inlet.submit(stage.workspace.clone(), &[draft], "demo", stage.now()).await?;
    match taken.as_deref() {
        Ok([accepted]) => Ok(accepted.id),
        Ok(_) => bail!("one notice was handed in and others were stored"),
        Err(refused) => {
            bail!("the notice was refused: {:?}", refused.iter().map(|(_, no)| no.code).collect::<Vec<_>>())
        }
    }
}

/// Shows what became of a notice as soon as it is decided.
async fn outcome(stage: &Stage, narrator: &mut Narrator<'_>, id: NoticeId) -> Result<()> {
    let until = stage.now().plus(PATIENCE);
    while stage.now() < until {
        narrator.glance().await?;
        let steps = stage.front.store.of(&stage.workspace).trail(Subject::Notice(id)).await?;
        if steps.iter().any(|step| step.what.starts_with("delivery")) {
            return narrator.steps(steps);
        }
    }
    bail!("notice {id} was not routed")
}

async fn until(
    stage: &Stage,
    narrator: &mut Narrator<'_>,
    channel: &str,
    there: impl Fn(&[String]) -> bool,
) -> Result<()> {
    let until = stage.now().plus(PATIENCE);
    while stage.now() < until {
        narrator.glance().await?;
        let texts: Vec<String> = posts(stage, channel)?.into_iter().map(|(text, _)| text).collect();
        if there(&texts) {
            return narrator.watch(Duration::from_millis(400)).await;
        }
    }
    bail!("waited {PATIENCE:?} for it")
}
