//! Projects: parts of a workspace, each bound to one channel. What a project's own programs hand in belongs to it, goes to its
//! channel and nowhere else in Slack, and is seen by no program of another.

use std::collections::BTreeMap;

use super::ids::{ProjectName, WorkspaceId};
use super::message::Ourselves;
use super::route::Destination;
use super::spaces::{Choice, Spaces};

/// Longest name, in characters.
pub const NAME_CHARS: usize = 100;

/// The field of a notice that names a project.
pub const FIELD: &str = "project";

/// A project and the channel bound to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its name: the same in two workspaces is two projects.
    pub name: ProjectName,
    /// Its workspace, by id or name; `None` for home.
    pub workspace: Option<String>,
    /// Its channel.
    pub channel: Destination,
    /// Whether its notices are told at all.
    pub enabled: bool,
}

/// The projects of one workspace, by name.
pub type Projects = BTreeMap<ProjectName, Project>;

/// The project that a caller belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The project.
    pub name: ProjectName,
    /// Its workspace, as the project says it.
    pub workspace: Option<String>,
}

/// How a project stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its notices are told in its channel.
    Bound,
    /// Nobody knows its channel.
    ChannelUnknown,
    /// Its channel is known, and the bot is not in it, or it is archived.
    NotInChannel,
    /// It is switched off.
    Off,
    /// The app is not installed in its workspace.
    NotInstalled,
}

impl Standing {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Bound => "bound",
            Standing::ChannelUnknown => "channel_unknown",
            Standing::NotInChannel => "not_in_channel",
            Standing::Off => "off",
            Standing::NotInstalled => "not_installed",
        }
    }

    /// The same as people read it.
    pub fn sentence(self) -> &'static str {
        match self {
            Standing::Bound => "bound",
            Standing::ChannelUnknown => "channel unknown",
            Standing::NotInChannel => "bot not in channel",
            Standing::Off => "off",
            Standing::NotInstalled => "not installed",
        }
    }
}

/// How a project stands whose workspace is served. `is_open` is whether the bot may write in its channel, `None` where nobody
/// knows the channel.
pub fn standing(enabled: bool, is_open: Option<bool>) -> Standing {
    match (enabled, is_open) {
        (false, _) => Standing::Off,
        (true, None) => Standing::ChannelUnknown,
        (true, Some(false)) => Standing::NotInChannel,
        (true, Some(true)) => Standing::Bound,
    }
}

/// Whether a word of the configuration means this workspace. `None` means home; while nobody knows where home is, it means
/// whichever is asked about. A name that two workspaces have means neither.
pub fn means(wanted: Option<&str>, workspace: &WorkspaceId, spaces: &Spaces) -> bool {
    let Some(wanted) = wanted else {
        return spaces.home().is_none_or(|home| home.workspace == *workspace);
    };
    if wanted == workspace.0 {
        return true;
    }
    // Most are somebody else's, and there may be a thousand: the names of all are looked at only where this one's fits.
    let fits = |ours: &Ourselves| ours.workspace_name.to_lowercase() == wanted.to_lowercase();
    spaces.of(workspace).is_some_and(fits) && place(Some(wanted), spaces) == Some(workspace)
}

/// The workspace that a word of the configuration means; `None` where nobody can say.
pub fn place<'a>(wanted: Option<&str>, spaces: &'a Spaces) -> Option<&'a WorkspaceId> {
    match wanted {
        None => spaces.home().map(|home| &home.workspace),
        Some(wanted) => match spaces.choose(Some(wanted)) {
            Choice::This(ours) => Some(&ours.workspace),
            Choice::None | Choice::Several | Choice::Unknown => None,
        },
    }
}

/// The configured projects of a workspace.
pub fn of_workspace(all: &[Project], workspace: &WorkspaceId, spaces: &Spaces) -> Projects {
    let own = all.iter().filter(|project| means(project.workspace.as_deref(), workspace, spaces));
    own.map(|project| (project.name.clone(), project.clone())).collect()
}

/// The projects as somebody without Slack at hand sees them: of the workspace that is named, else of home, else of any.
pub fn as_written(all: &[Project], workspace: Option<&str>) -> Projects {
    let mut found = Projects::new();
    let named = |project: &&Project| is_same(project.workspace.as_deref(), workspace);
    let elsewhere = all.iter().filter(|project| workspace.is_none() && !named(project));
    for project in all.iter().filter(named).chain(elsewhere) {
        found.entry(project.name.clone()).or_insert_with(|| project.clone());
    }
    found
}

/// Whether two words of the configuration for a workspace are the same.
pub fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(str::to_lowercase) == other.map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::{
        Project, ProjectName, Spaces, Standing, WorkspaceId, as_written, means, of_workspace, standing,
    };
    use crate::domain::ids::PersonId;
    use crate::domain::message::Ourselves;
    use crate::domain::route::Destination;

    fn project(name: &str, workspace: Option<&str>, channel: &str) -> Project {
        Project {
            name: ProjectName(name.to_owned()),
            workspace: workspace.map(str::to_owned),
            channel: Destination::Channel(channel.to_owned()),
            enabled: true,
        }
    }

    fn spaces(all: &[(&str, &str)]) -> Spaces {
        let mut spaces = Spaces::default();
        for (id, name) in all {
            let ours = Ourselves {
                workspace: WorkspaceId((*id).to_owned()),
                workspace_name: (*name).to_owned(),
                url: String::new(),
                person: PersonId("UBOT".to_owned()),
                bot: "B".to_owned(),
                app: None,
            };
            spaces.enter(ours, false);
        }
        spaces
    }

    #[test]
    fn a_project_is_of_the_workspace_it_names_and_of_home_when_it_names_none() {
        let both = spaces(&[("T1", "Acme"), ("T2", "Globex")]);
        let twins = spaces(&[("T1", "Acme"), ("T2", "Acme")]);
        for (wanted, workspace, spaces, is_meant) in [
            (None, "T1", &both, true),
            (None, "T2", &both, false),
            (None, "T2", &Spaces::default(), true),
            (Some("globex"), "T2", &both, true),
            (Some("T2"), "T2", &both, true),
            (Some("Globex"), "T1", &both, false),
            (Some("T2"), "T2", &Spaces::default(), true),
            (Some("Acme"), "T1", &twins, false),
            (Some("T1"), "T1", &twins, true),
        ] {
            let found = means(wanted, &WorkspaceId(workspace.to_owned()), spaces);
            assert_eq!(found, is_meant, "{wanted:?} for {workspace}");
        }
    }

    #[test]
    fn the_same_name_in_two_workspaces_is_two_projects() {
        let all = [project("web", None, "#web"), project("web", Some("Globex"), "#site")];
        let both = spaces(&[("T1", "Acme"), ("T2", "Globex")]);
        let channel = |workspace: &str| {
            let found = of_workspace(&all, &WorkspaceId(workspace.to_owned()), &both);
            found["web"].channel.to_string()
        };
        assert_eq!((channel("T1"), channel("T2")), ("channel:#web".into(), "channel:#site".into()));
        assert_eq!(as_written(&all, None)["web"].channel.to_string(), "channel:#web");
        assert_eq!(as_written(&all, Some("globex"))["web"].channel.to_string(), "channel:#site");
        assert!(as_written(&all, Some("Initech")).is_empty());
        assert_eq!(as_written(&all[1..], None)["web"].channel.to_string(), "channel:#site");
    }

    #[test]
    fn a_project_stands_as_its_channel_does_unless_it_is_off() {
        for (enabled, is_open, found) in [
            (true, Some(true), Standing::Bound),
            (true, Some(false), Standing::NotInChannel),
            (true, None, Standing::ChannelUnknown),
            (false, Some(true), Standing::Off),
            (false, None, Standing::Off),
        ] {
            assert_eq!(standing(enabled, is_open), found);
        }
    }
}
