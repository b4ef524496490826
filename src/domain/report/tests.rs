//! What the built-in templates say, and what a chart finds.

use serde_json::{Value, json};

use super::{BUILT_IN, Broken, Given, Report, Why, series};
use crate::domain::figures::{Facts, Figures, Moment, Noticed, Standing};
use crate::domain::ids::WorkspaceId;
use crate::domain::schedule::Schedule;
use crate::domain::template::Template;
use crate::domain::time::Timestamp;

/// 2026-11-21 09:00 UTC, a Saturday.
const DUE: Timestamp = Timestamp(1_795_251_600_000);
const DAY: i64 = 86_400_000;

fn report(name: &str, days: u8) -> Report {
    let (_, source) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name).unwrap();
    Report {
        name: name.to_owned(),
        title: "Good morning".to_owned(),
        schedule: Schedule::daily("09:00", jiff::tz::TimeZone::UTC).unwrap(),
        channel: "#daily".to_owned(),
        template: Template::new(source).unwrap(),
        days,
        command: None,
        chart: None,
        tells_held: name == "recap",
    }
}

fn facts() -> Facts {
    let at = Timestamp(DUE.0 - DAY);
    let moment =
        |category: &str, minutes: i64| Moment { at, category: category.into(), took_ms: minutes * 60_000 };
    let notice = |kind: &str, amount: &str| {
        let currency = if amount.is_empty() { "" } else { "EUR" };
        Noticed { at, kind: kind.into(), amount: amount.into(), currency: currency.into() }
    };
    Facts {
        opened: vec![moment("billing", 0), moment("bug", 0)],
        answered: vec![moment("billing", 12)],
        closed: vec![moment("billing", 185)],
        standing: [("bug".to_owned(), Standing { open: 1, waiting: 0 })].into(),
        contacts: vec![at],
        notices: vec![
            notice("invoice.paid", "1200.50"),
            notice("invoice.paid", "99.5"),
            notice("refund.issued", "100"),
            notice("deployment.finished", ""),
        ],
    }
}

fn values(report: &Report, facts: &Facts, held: &[&str]) -> Value {
    let span = report.schedule.days_before(DUE, report.days).unwrap();
    let figures = Figures::of(facts, &span, &report.schedule.days_before(DUE, 14).unwrap());
    let held = held.iter().map(|line| (*line).to_owned()).collect();
    report.values(Given { due: DUE, span: &span, figures: &figures, data: Value::Null, held })
}

fn said(name: &str, days: u8, facts: &Facts, held: &[&str]) -> String {
    let report = report(name, days);
    report.template.render(&values(&report, facts, held)).unwrap()
}

#[test]
fn not_16_the_recap_tells_yesterdays_revenue_payments_and_new_records() {
    insta::assert_snapshot!(said("recap", 1, &facts(), &["*Invoice overdue*: 12 days", "two"]), @"
    :sunrise: *Good morning*: Friday, 20 November 2026
    • Revenue: *1,200.00 EUR* after 100 refunded
    • Tasks: *2* opened, *1* closed; 1 open and 0 waiting now
    • First answer after 12 min (nine of ten within 12 min)
    • New contacts: *1*
    • `deployment.finished`: *1*
    • `invoice.paid`: *2*, 1,300.00 EUR
    • `refund.issued`: *1*, 100 EUR

    *Held until this morning* (2)
    • *Invoice overdue*: 12 days
    • two
    ");
    insta::assert_snapshot!(said("recap", 1, &Facts::default(), &[]), @"
    :sunrise: *Good morning*: Friday, 20 November 2026
    • Tasks: *0* opened, *0* closed; 0 open and 0 waiting now
    • New contacts: *0*
    ");
}

#[test]
fn sch_04_the_built_in_reports_read_well_full_and_empty() {
    insta::assert_snapshot!(said("deployments", 1, &facts(), &[]), @"
    :package: *Good morning*: Friday, 20 November 2026
    • `deployment.finished`: *1*
    ");
    insta::assert_snapshot!(said("deployments", 1, &Facts::default(), &[]), @"
    :package: *Good morning*: Friday, 20 November 2026
    No deployments.
    ");
    insta::assert_snapshot!(said("team", 7, &facts(), &[]), @"
    :bar_chart: *Good morning*: 14 to 20 November 2026
    • Tasks: *2* opened, *1* closed; 1 open and 0 waiting now
    • First answer: median 12 min, nine of ten within 12 min (1 answered)
    • Closed after: median 3 h 5 min, nine of ten within 3 h 5 min (1 closed)
    • _billing_: 1 opened, 1 closed, first answer 12 min, closed after 3 h 5 min
    • _bug_: 1 opened, 0 closed
    ");
    insta::assert_snapshot!(said("team", 7, &Facts::default(), &[]), @"
    :bar_chart: *Good morning*: 14 to 20 November 2026
    • Tasks: *0* opened, *0* closed; 0 open and 0 waiting now
    ");
}

#[test]
fn a_series_is_found_by_its_path_also_where_names_hold_dots() {
    let values = values(&report("team", 7), &facts(), &[]);
    let of = |path: &str| series(&values, path).map(|points| points.iter().map(|point| point.value).sum());
    assert_eq!(of("series.opened"), Some(2.0));
    assert_eq!(of("series.count invoice.paid"), Some(2.0));
    assert_eq!(of("series.sum invoice.paid EUR"), Some(1300.0));
    assert_eq!((of("series.nothing"), of("tasks"), of("")), (None, None, None));
    let own = json!({"pnl": {"days": [1, {"label": "Tue", "value": "2.5"}], "text": ["x"]}});
    let found = series(&own, "pnl.days").unwrap();
    let shown: Vec<String> = found.iter().map(|point| format!("{} {}", point.label, point.value)).collect();
    assert_eq!(shown, ["1 1", "Tue 2.5"]);
    assert_eq!(series(&own, "pnl.text"), None);
}

#[test]
fn the_same_due_time_has_the_same_keys_and_another_others() {
    let (report, workspace) = (report("recap", 1), WorkspaceId("T1".into()));
    assert_eq!(report.key(&workspace, DUE), "report-T1-recap-1795251600000");
    assert_ne!(report.key(&workspace, DUE), report.key(&workspace, Timestamp(DUE.0 + DAY)));
}

#[test]
fn an_excuse_says_what_failed_and_what_to_do() {
    let excuse = report("team", 7).excuse(&Why::Program(Broken::Exit(3)));
    assert!(
        excuse.contains("*Good morning* could not be made: its program ended with exit code 3."),
        "{excuse}"
    );
    assert!(excuse.contains("`deskd report run team`"), "{excuse}");
    assert_eq!(Why::of_due(DUE, Timestamp(DUE.0 + 30_000)), Why::OnTime);
    assert_eq!(Why::of_due(DUE, Timestamp(DUE.0 + DAY)), Why::Late);
}
