//! What a request may reach: a workspace, or one project of it where the caller belongs to one.

use super::errors::{Code, Refusal};
use super::source::Source;
use super::{Front, at_home, ourselves};
use crate::domain::ids::{NoticeId, WorkspaceId};
use crate::domain::notice::Draft;
use crate::domain::outcome::Reached;
use crate::domain::project::{Binding, FIELD, Project, means};
use crate::domain::route::Destination;
use crate::store::{Plot, Space, StoreError};

/// What a request may reach.
pub enum Ground {
    /// A workspace, with all projects in it.
    Space(Space),
    /// One project.
    Plot(Plot),
}

impl Ground {
    /// How far a notice has come.
    pub async fn reached(&self, id: NoticeId) -> Result<Reached, StoreError> {
        match self {
            Ground::Space(space) => space.reached(id).await,
            Ground::Plot(plot) => plot.reached(id).await,
        }
    }
}

/// The ground of a source: its project, else the workspace that the request is about.
pub async fn ground(front: &Front, source: &Source) -> Result<Ground, Refusal> {
    match own(front, source).await? {
        Some(own) => Ok(Ground::Plot(own.plot)),
        None => Ok(Ground::Space(front.store.of(&ourselves(front).await?.workspace))),
    }
}

/// The project of a source.
pub struct Own {
    /// Its rows.
    pub plot: Plot,
    /// What the configuration says of it.
    project: Project,
    space: Space,
    caller: String,
}

/// The project that a source belongs to; `None` for a source of the whole desk.
pub async fn own(front: &Front, source: &Source) -> Result<Option<Own>, Refusal> {
    let Some((caller, Binding { name, workspace })) =
        source.caller().and_then(|caller| Some((caller, caller.project.as_ref()?)))
    else {
        return Ok(None);
    };
    let bound = Front { wanted: workspace.clone(), ..front.clone() };
    let ours = at_home(&bound).await?;
    if front.wanted.is_some() && ourselves(front).await?.workspace != ours.workspace {
        let what = format!("{} belongs to the project {name} of another workspace", caller.name);
        return Err(Refusal::new(Code::OtherProject, format!("{what}; hint: leave the workspace out")));
    }
    let (rules, spaces) = (front.routing.borrow().clone(), front.apis.spaces().borrow().clone());
    let is_it = |project: &&Project| {
        project.name == *name && means(project.workspace.as_deref(), &ours.workspace, &spaces)
    };
    let Some(project) = rules.projects.iter().find(is_it).cloned() else {
        let what = format!("there is no project {name} any more; hint: see [[project]] and [[caller]]");
        return Err(Refusal::new(Code::OtherProject, what));
    };
    let space = front.store.of(&ours.workspace);
    Ok(Some(Own { plot: space.project(name), project, space, caller: caller.name.clone() }))
}

impl Own {
    /// Whether this is it.
    pub fn is(&self, project: &Project, place: Option<&WorkspaceId>) -> bool {
        project.name == self.project.name && place == Some(self.space.workspace())
    }

    /// Makes a draft one of the project. It is refused when it names another project, or a place that is not the project's
    /// channel.
    pub async fn claim(&self, draft: &mut Draft) -> Result<(), Refusal> {
        let name = &self.project.name.0;
        let named = draft.fields.entry(FIELD.to_owned()).or_default();
        if named.is_empty() {
            named.clone_from(name);
        }
        if named != name {
            let what = format!("{} belongs to the project {name}, and the notice names another", self.caller);
            return Err(Refusal::new(Code::OtherProject, format!("{what}; hint: leave fields.{FIELD} out")));
        }
        for place in &mut draft.to {
            // What is no destination at all is refused with all else that is wrong.
            let Some(wanted) = Destination::parse(place) else { continue };
            if !self.is_own(&wanted).await? {
                let what = format!("{} may write to the channel of its project {name} alone", self.caller);
                return Err(Refusal::new(Code::OtherProject, format!("{what}; hint: leave to out")));
            }
            *place = self.project.channel.to_string();
        }
        Ok(())
    }

    /// Whether a place is the project's channel, by whichever of its name and its id.
    async fn is_own(&self, wanted: &Destination) -> Result<bool, Refusal> {
        let own = &self.project.channel;
        let (Destination::Channel(one), Destination::Channel(other)) = (wanted, own) else {
            return Ok(false);
        };
        if one == other {
            return Ok(true);
        }
        let (one, other) =
            (self.space.find_channel(one.clone()).await?, self.space.find_channel(other.clone()).await?);
        Ok(one.zip(other).is_some_and(|(one, other)| one.id == other.id))
    }
}
