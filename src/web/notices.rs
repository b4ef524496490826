//! Notices: what systems hand in. Success means stored; with `wait` the answer comes when everybody it is for has it.

use std::time::Duration;

use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arguments::{Asked, Given};
use super::errors::{Code, FieldProblem, Refusal};
use super::ground::{Ground, own};
use super::handed;
use super::serve::Stop;
use super::source::Source;
use super::{Front, at_home};
use crate::domain::caller::PASSED;
use crate::domain::ids::NoticeId;
use crate::domain::notice::Draft;
use crate::domain::notice::draft;
use crate::domain::outcome::Reached;
use crate::slack::passed;
use crate::store::notices::Accepted;

/// Most notices of one request: all of them are one transaction, and nobody else writes meanwhile.
pub const MOST: usize = 1_000;

/// How often deliveries are looked at for somebody who waits. Slack takes 100 ms or more.
const LOOK: Duration = Duration::from_millis(50);

/// What became of the notices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Taken {
    /// That they are stored, and where somebody waited for it, that everybody has them.
    pub ok: bool,
    /// One for each, in order.
    pub notices: Vec<TakenNotice>,
}

/// A notice that is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TakenNotice {
    /// Its row.
    pub id: i64,
    /// Its problem's row.
    pub problem: i64,
    /// What it is to its problem: `begins`, `adds`, `ends`, `repeats` or `ends_nothing`.
    pub effect: String,
    /// Where somebody waited: `delivered`, `waiting`, `held`, `failed` or `dropped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<String>,
}

/// How it is handed in.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manner {
    wait: bool,
}

/// `POST /v1/notices`, one or a list.
pub async fn submit(
    front: Front,
    source: Source,
    Extension(Stop(stop)): Extension<Stop>,
    Asked(Manner { wait }): Asked<Manner>,
    Given(handed): Given<Value>,
) -> Result<Json<Taken>, Refusal> {
    let taken = hand_in(&front, &source, handed).await;
    let accepted = taken.inspect_err(|refusal| front.doors.count.refuse(refusal.code))?;
    let mut notices: Vec<TakenNotice> = accepted.iter().map(taken_notice).collect();
    if !wait {
        return Ok(Json(Taken { ok: true, notices }));
    }
    let ground = match own(&front, &source).await? {
        Some(own) => Ground::Plot(own.plot),
        None => Ground::Space(front.store.of(&at_home(&front).await?.workspace)),
    };
    let longest = front.settings.borrow().longest_wait;
    // Ends of patience and of the daemon are no failures: the answer then says how far it came.
    tokio::select! {
        settled = settled(&ground, &accepted) => settled?,
        () = tokio::time::sleep(longest) => {}
        () = stop.cancelled() => {}
    }
    let mut ok = true;
    for notice in &mut notices {
        let reached = ground.reached(NoticeId(notice.id)).await?;
        ok &= reached == Reached::Delivered;
        notice.reached = Some(reached.as_str().to_owned());
    }
    Ok(Json(Taken { ok, notices }))
}

async fn hand_in(front: &Front, source: &Source, handed: Value) -> Result<Vec<Accepted>, Refusal> {
    let values = match handed {
        Value::Array(several) => several,
        one => vec![one],
    };
    if values.len() > MOST {
        let what = format!("at most {MOST} notices fit in one request; hint: send them in parts");
        return Err(Refusal::new(Code::TooMany, what));
    }
    let (mut drafts, mut problems) = (Vec::new(), Vec::new());
    for (at, value) in values.iter().enumerate() {
        match handed::draft(value) {
            Ok(draft) => drafts.push(draft),
            Err(wrong) => problems.extend(wrong.into_iter().map(|no| (at, no))),
        }
    }
    if !problems.is_empty() {
        return Err(refused(problems, values.len()));
    }
    take(front, source, drafts).await
}

/// Takes notices of a source by whatever way they came: all of them, or none.
pub async fn take(front: &Front, source: &Source, drafts: Vec<Draft>) -> Result<Vec<Accepted>, Refusal> {
    let mut drafts = drafts;
    for draft in &mut drafts {
        source.may(&draft.kind)?;
        if let Some(message) = draft.fields.get_mut(PASSED).filter(|_| !source.may_call_everybody()) {
            *message = passed::without_broad(message);
        }
    }
    let own = own(front, source).await?;
    if let Some(own) = &own {
        for draft in &mut drafts {
            own.claim(draft).await?;
        }
    }
    let now = (front.now)();
    let taken = match own {
        Some(own) => {
            front.doors.pace(source, drafts.len(), now)?;
            front.inlet.submit_to(&own.plot, &drafts, source.name(), now).await?
        }
        None => {
            let workspace = at_home(front).await?.workspace;
            front.doors.pace(source, drafts.len(), now)?;
            front.inlet.submit(workspace, &drafts, source.name(), now).await?
        }
    };
    let accepted = taken.map_err(|wrong| refused(wrong, drafts.len()))?;
    front.doors.count.take(accepted.iter().map(|accepted| accepted.effect));
    Ok(accepted)
}

/// Waits until nothing that was handed in is on its way any more.
async fn settled(ground: &Ground, accepted: &[Accepted]) -> Result<(), Refusal> {
    for accepted in accepted {
        while ground.reached(accepted.id).await? == Reached::Waiting {
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(())
}

fn taken_notice(accepted: &Accepted) -> TakenNotice {
    TakenNotice {
        id: accepted.id.0,
        problem: accepted.problem.0,
        effect: accepted.effect.as_str().to_owned(),
        reached: None,
    }
}

fn refused(wrong: Vec<(usize, draft::Refusal)>, count: usize) -> Refusal {
    let told = |(at, no): &(usize, draft::Refusal)| {
        let which = if count > 1 { format!("notice {}: ", at + 1) } else { String::new() };
        let field = if no.field.is_empty() { String::new() } else { format!("{} ", no.field) };
        format!("{which}{field}({}): {}", no.code, no.reason)
    };
    let all: Vec<String> = wrong.iter().take(10).map(told).collect();
    let only_kinds = wrong.iter().all(|(_, no)| no.code == "unknown_kind");
    let code = if only_kinds { Code::UnknownKind } else { Code::InvalidNotice };
    let problem = |(at, no): (usize, draft::Refusal)| FieldProblem {
        notice: at + 1,
        field: no.field,
        code: no.code.to_owned(),
        reason: no.reason,
    };
    let message = format!("{}; hint: nothing was stored, see docs/api.md", all.join("; "));
    Refusal { problems: wrong.into_iter().map(problem).collect(), ..Refusal::new(code, message) }
}
