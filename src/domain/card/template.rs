//! Templates that users give their own kinds: text in Slack's markup, with what a notice says put in.
//!
//! Values are escaped unless the template says `|safe`. A name that is not there is an error, and so is a template that
//! runs for too long: the plain card is shown then. Rendering reads no file and no clock, so it is a decision like any other.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::{By, Standing};
use crate::domain::mrkdwn::escape;
use crate::domain::notice::kind::Form;
use crate::domain::notice::{Content, Kind, Kinds, Status};

/// Steps that one rendering may take: a loop over hundreds of lines fits, an endless one ends within a few milliseconds.
const FUEL: u64 = 50_000;

/// The escaping that holds in all templates.
const MRKDWN: &str = "mrkdwn";

/// The templates of the kinds, ready to be rendered.
pub struct Templates(Environment<'static>);

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line, counted from 1; `None` when it is not known.
    pub line: Option<usize>,
    /// What is wrong: never a value of a notice.
    pub what: String,
}

impl Templates {
    /// The templates of `kinds`; one that is broken is left out, since the configuration has been checked.
    pub fn new(kinds: &Kinds) -> Templates {
        let mut environment = environment();
        for kind in kinds.all().filter(|kind| !kind.template.is_empty()) {
            // An error here was told when the configuration was read.
            let _ = environment.add_template_owned(kind.name.clone(), kind.template.clone());
        }
        Templates(environment)
    }

    /// What the template of the notice's kind makes of it; `None` when the kind has none.
    pub fn render(
        &self,
        content: &Content,
        kind: &Kind,
        standing: &Standing,
    ) -> Option<Result<String, Broken>> {
        if kind.template.is_empty() {
            return None;
        }
        let rendered = self
            .0
            .get_template(&kind.name)
            .and_then(|template| template.render(values(content, kind, standing)));
        Some(rendered.map_err(|error| broken(&error)))
    }
}

/// Tries the template of a kind with a notice that has all its fields.
pub fn check(kind: &Kind, sample: &Content, standing: &Standing) -> Result<(), Broken> {
    let mut environment = environment();
    environment
        .add_template_owned(kind.name.clone(), kind.template.clone())
        .and_then(|()| environment.get_template(&kind.name)?.render(values(sample, kind, standing)))
        .map(drop)
        .map_err(|error| broken(&error))
}

/// A value that a field of this form may have.
pub fn sample(form: Form) -> &'static str {
    match form {
        Form::Text => "text",
        Form::Number => "12.5",
        Form::Amount => "1250.00 EUR",
        Form::Time => "2026-11-21T09:00:00Z",
        Form::Day => "2026-11-21",
        Form::Link => "https://example.com/",
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::Custom(MRKDWN.into()));
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            return Ok(());
        }
        let text = value.to_string();
        let is_safe = value.is_safe() || matches!(state.auto_escape(), AutoEscape::None);
        out.write_str(&if is_safe { text } else { escape(&text) }).map_err(minijinja::Error::from)
    });
    environment
}

/// What a template can name. Fields of the kind that a notice does not have are empty; all others are not there.
fn values(content: &Content, kind: &Kind, standing: &Standing) -> Value {
    let mut fields: BTreeMap<String, String> =
        kind.fields.iter().map(|field| (field.name.clone(), String::new())).collect();
    fields.extend(content.fields.clone());
    context! {
        kind => content.kind.clone(),
        severity => content.severity.as_str(),
        resolved => standing.status == Status::Resolved,
        title => content.title.clone(),
        text => content.text.clone(),
        link => content.link.clone().unwrap_or_default(),
        amount => content.amount.as_ref().map(ToString::to_string).unwrap_or_default(),
        at => content.at.to_string(),
        fields => fields,
        count => standing.count,
        handled_by => match &standing.handled_by {
            Some(By::Name(name)) => name.clone(),
            Some(By::Id(id)) => id.0.clone(),
            None => String::new(),
        },
    }
}

/// The kind of the error and its line: the detail may quote a value.
fn broken(error: &minijinja::Error) -> Broken {
    Broken { line: error.line(), what: error.kind().to_string() }
}

#[cfg(test)]
mod tests {
    use super::{Broken, Templates};
    use crate::domain::card::Standing;
    use crate::domain::notice::{Content, Kind, Kinds, Severity, Status, kind::Form};
    use crate::domain::time::Timestamp;

    fn rendered(template: &str, reason: &str) -> Result<String, Broken> {
        let kind = Kind::new("shift.open", "shifts", ":clock9:", "Open shift", Severity::Info)
            .with(&[("reason", Form::Text), ("place", Form::Text)]);
        let kind = Kind { template: template.to_owned(), ..kind };
        let mut kinds = Kinds::builtin();
        kinds.add(kind.clone());
        let content = Content {
            kind: kind.name.clone(),
            severity: Severity::Info,
            status: Status::Event,
            title: "Open".into(),
            text: String::new(),
            link: None,
            fields: [("reason".to_owned(), reason.to_owned())].into(),
            amount: None,
            at: Timestamp(0),
            to: Vec::new(),
        };
        let at = Timestamp(0);
        let (first_at, last_at) = (at, at);
        let standing =
            Standing { problem: 1, status: Status::Event, count: 1, first_at, last_at, handled_by: None };
        Templates::new(&kinds).render(&content, &kind, &standing).unwrap_or_else(|| Ok("none".into()))
    }

    #[test]
    fn values_are_escaped_and_markup_of_the_template_stays() {
        let shown = rendered("*{{ title }}*: {{ fields.reason }}{{ fields.place }}", "<!channel> & co");
        assert_eq!(shown.as_deref(), Ok("*Open*: &lt;!channel&gt; &amp; co"));
    }

    #[test]
    fn what_is_not_there_or_does_not_end_is_an_error_that_quotes_nothing() {
        for template in [
            "{{ fields.raeson }}",
            "{{ nobody }}",
            "{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}",
            "{{ fields.reason|int }}",
        ] {
            let broken = rendered(template, "secret word").expect_err(template);
            assert!(!broken.what.contains("secret"), "{broken:?}");
        }
    }
}
