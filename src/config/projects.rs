//! `[[project]]`, parts of a workspace that are bound to a channel each, and which of them a caller belongs to.

use super::callers::CallerSettings;
use super::problem::{Problem, Spot, nearest};
use super::reader::{Reader, Section};
use super::routes::destination;
use super::settings::ChannelNamed;
use crate::domain::ids::ProjectName;
use crate::domain::project::{Binding, NAME_CHARS, Project, is_same};
use crate::domain::route::Destination;

/// Reads the projects.
pub fn read(reader: &mut Reader<'_>, named: &mut Vec<ChannelNamed>) -> Vec<Project> {
    let mut projects: Vec<Project> = Vec::new();
    for (at, table) in reader.tables("project").into_iter().enumerate() {
        let mut section = reader.element("project", at + 1, &table);
        let Some(project) = project(&mut section, named) else { continue };
        let is_taken = |other: &Project| {
            other.name == project.name && is_same(other.workspace.as_deref(), project.workspace.as_deref())
        };
        if projects.iter().any(is_taken) {
            let what = format!("there are two projects named \"{}\"", project.name);
            section.refuse("name", what, "join the two, or say which workspace each is in");
            continue;
        }
        projects.push(project);
    }
    projects
}

fn project(section: &mut Section<'_, '_>, named: &mut Vec<ChannelNamed>) -> Option<Project> {
    for key in ["name", "channel"] {
        if !section.is_set(key) {
            section.refuse_table(format!("a project needs a {key}"), format!("write {key} = \"...\""));
        }
    }
    let enabled = section.switch("enabled", true);
    let workspace = workspace(section);
    let channel = section.some("channel").unwrap_or_default();
    let channel = channel.first().and_then(|item| destination(section, item, named));
    let name = section.text("name")?;
    if name.is_empty() || name.trim() != name || name.chars().count() > NAME_CHARS {
        let what = "this is no name";
        section.refuse(
            "name",
            what,
            format!("write up to {NAME_CHARS} characters, none of them a blank at an end"),
        );
        return None;
    }
    let channel = channel?;
    if !matches!(channel, Destination::Channel(_)) {
        section.refuse("channel", "a project is bound to a channel", "write \"#name\" or its id");
    }
    Some(Project { name: ProjectName(name), workspace, channel, enabled })
}

/// A workspace by id or name; `None` for home.
fn workspace(section: &mut Section<'_, '_>) -> Option<String> {
    let text = section.text("workspace")?;
    if text.trim().is_empty() {
        section.refuse(
            "workspace",
            "this is no workspace",
            "write its id (T...) or its name, or leave it out",
        );
        return None;
    }
    Some(text.trim().to_owned())
}

/// The project that a `[[caller]]` names, before the projects are known.
pub fn binding(section: &mut Section<'_, '_>) -> Option<Binding> {
    let workspace = workspace(section);
    match section.text("project") {
        Some(name) => Some(Binding { name: ProjectName(name), workspace }),
        None => {
            if workspace.is_some() {
                let hint = "write project = \"NAME\", or take the workspace out";
                section.refuse("workspace", "a caller is bound to a project, not to a workspace", hint);
            }
            None
        }
    }
}

/// Finds the project of each caller: the one in the workspace that it names, else at home, else the only one of that name. Tells
/// of callers for whom there is none.
pub fn bind(reader: &mut Reader<'_>, callers: &mut [CallerSettings], projects: &[Project]) {
    for CallerSettings { caller, .. } in callers {
        let Some(binding) = &mut caller.project else { continue };
        let wanted = binding.workspace.clone();
        let called: Vec<&Project> = projects.iter().filter(|project| project.name == binding.name).collect();
        let exact = called.iter().find(|project| is_same(project.workspace.as_deref(), wanted.as_deref()));
        let only = called.first().filter(|_| wanted.is_none() && called.len() == 1);
        if let Some(found) = exact.or(only) {
            binding.workspace = found.workspace.clone();
            continue;
        }
        let key = format!("caller \"{}\".project", caller.name);
        let (what, hint) = unbound(binding, !called.is_empty(), projects);
        reader.problems.push(Problem::new(Spot::Nowhere, &key, what).hint(hint));
    }
}

/// What is wrong with a binding that finds no project.
fn unbound(binding: &Binding, is_elsewhere: bool, projects: &[Project]) -> (String, String) {
    let name = &binding.name;
    if is_elsewhere && binding.workspace.is_some() {
        let what = format!("there is no project \"{name}\" in that workspace");
        return (what, "write workspace as its [[project]] does".to_owned());
    }
    if is_elsewhere {
        let what = format!("there are several projects \"{name}\"");
        return (what, "write workspace = \"...\" as the [[project]] does that is meant".to_owned());
    }
    let known = projects.iter().map(|project| project.name.0.as_str());
    let hint = match nearest(&name.0, known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write [[project]] with name = \"{name}\""),
    };
    (format!("there is no project \"{name}\""), hint)
}

/// The projects as they hold.
pub fn show(projects: &[Project], add: &mut impl FnMut(&str, String)) {
    for Project { name, workspace, channel, enabled } in projects {
        let place = workspace.as_deref().map(|workspace| format!("{workspace}.")).unwrap_or_default();
        let key = |key: &str| format!("project.{place}{name}.{key}");
        add(&key("channel"), channel.to_string());
        add(&key("enabled"), enabled.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::super::check::{Layers, check};
    use super::super::file::Source;
    use super::super::places::Places;

    fn read(text: &str) -> Result<Config, String> {
        let source = Source { path: "config.toml".into(), text: text.to_owned() };
        let layers = Layers { source: Some(&source), env: &Default::default(), flags: &[] };
        check(&layers, &Places::system()).map_err(|problems| problems.to_string())
    }

    fn project(name: &str, more: &str) -> String {
        format!("[[project]]\nname = \"{name}\"\nchannel = \"#c\"\n{more}\n")
    }

    fn caller(more: &str) -> String {
        format!("[[caller]]\nname = \"ci\"\ntoken_file = \"ci\"\n{more}\n")
    }

    #[test]
    fn a_caller_finds_its_project_at_home_by_its_workspace_or_as_the_only_one_of_the_name() {
        let (home, far) = (project("web", ""), project("web", "workspace = \"Globex\""));
        let farther = project("web", "workspace = \"Initech\"");
        for (projects, more, workspace) in [
            (format!("{home}{far}"), "project = \"web\"", None),
            (format!("{home}{far}"), "project = \"web\"\nworkspace = \"globex\"", Some("Globex")),
            (far.clone(), "project = \"web\"", Some("Globex")),
            (format!("{far}{farther}"), "project = \"web\"\nworkspace = \"Initech\"", Some("Initech")),
        ] {
            let config = read(&format!("{projects}{}", caller(more))).expect("it is right");
            let binding = config.doors.callers[0].caller.project.as_ref().expect("it is bound");
            assert_eq!((binding.name.0.as_str(), binding.workspace.as_deref()), ("web", workspace), "{more}");
        }
        let open = read(&format!("{home}{}", caller(""))).expect("it is right");
        assert_eq!(open.doors.callers[0].caller.project, None);
    }

    #[test]
    fn a_binding_that_finds_no_project_or_two_is_told() {
        let (home, far) = (project("web", ""), project("web", "workspace = \"Globex\""));
        let farther = project("web", "workspace = \"Initech\"");
        for (projects, more, told) in [
            (home.clone(), "project = \"webb\"", "there is no project \"webb\""),
            (home.clone(), "project = \"webb\"", "did you mean \"web\"?"),
            (
                home.clone(),
                "project = \"web\"\nworkspace = \"Globex\"",
                "no project \"web\" in that workspace",
            ),
            (format!("{far}{farther}"), "project = \"web\"", "there are several projects \"web\""),
            (home.clone(), "workspace = \"Globex\"", "bound to a project, not to a workspace"),
            (format!("{home}{home}"), "", "there are two projects named \"web\""),
            (format!("{far}{}", far.replace("Globex", "globex")), "", "there are two projects named \"web\""),
            (project(" web", ""), "", "this is no name"),
            (project("web", "workspace = \" \""), "", "this is no workspace"),
        ] {
            let found = read(&format!("{projects}{}", caller(more))).expect_err("something is wrong");
            assert!(found.contains(told), "{told}: {found}");
        }
    }
}
