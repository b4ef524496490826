//! Notices as they leave deskd other than through Slack: as a document for a program, as a letter for a person. Whoever gets
//! one is outside, so everything a reader needs is in it.

use serde_json::{Map, Value, json};

use super::notice::{Content, Notice, Status};

/// Longest subject of a letter, in characters: mail programs show about half of it.
const SUBJECT_LENGTH: usize = 150;

/// The fields of a document, as other systems get them; one of many in a digest has neither `id` nor `key`.
pub const FIELDS: [&str; 12] =
    ["id", "key", "kind", "severity", "state", "title", "text", "link", "fields", "amount", "currency", "at"];

/// One notice on its way.
#[derive(Clone, Copy, Debug)]
pub struct Handout<'a> {
    /// What it says.
    content: &'a Content,
    /// Its number and its sender's key; one of many in a digest has none.
    known_by: Option<(i64, &'a str)>,
}

/// A letter to a person: the same twice, for programs that show only text and for those that show more.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it is about, in one line without control characters.
    pub subject: String,
    /// The letter as text.
    pub plain: String,
    /// The letter as HTML.
    pub html: String,
}

impl<'a> Handout<'a> {
    /// A notice that is told by itself.
    pub fn of(notice: &'a Notice) -> Handout<'a> {
        Handout { content: &notice.content, known_by: Some((notice.id.0, &notice.key)) }
    }

    /// One of several that are told together.
    pub fn listed(content: &'a Content) -> Handout<'a> {
        Handout { content, known_by: None }
    }

    fn document(&self) -> Map<String, Value> {
        let Content { kind, severity, status, title, text, link, fields, amount, at, to: _ } = self.content;
        let mut document = Map::new();
        let mut say = |name: &str, value: Value| document.insert(name.to_owned(), value);
        if let Some((id, key)) = self.known_by {
            say("id", json!(id));
            say("key", json!((!key.is_empty()).then_some(key)));
        }
        say("kind", json!(kind));
        say("severity", json!(severity.as_str()));
        say("state", json!(status.as_str()));
        say("title", json!(title));
        say("text", json!(text));
        say("link", json!(link));
        say("fields", json!(fields));
        say("amount", json!(amount.as_ref().map(|money| money.amount.to_string())));
        say("currency", json!(amount.as_ref().map(|money| &money.currency)));
        say("at", json!(at.to_string()));
        document
    }

    fn headline(&self) -> String {
        let Content { status, severity, title, .. } = self.content;
        match status {
            Status::Resolved => format!("resolved: {title}"),
            Status::Event | Status::Firing => format!("{}: {title}", severity.as_str()),
        }
    }

    fn details(&self) -> Vec<(&str, String)> {
        let Content { fields, amount, .. } = self.content;
        let amount = amount.iter().map(|money| ("amount", money.to_string()));
        let fields = fields.iter().filter(|(name, _)| self.content.amount.is_none() || *name != "amount");
        amount.chain(fields.map(|(name, value)| (name.as_str(), value.clone()))).collect()
    }

    fn foot(&self) -> String {
        let Content { kind, at, .. } = self.content;
        match self.known_by {
            Some((id, _)) => format!("Notice {id}, {kind}, {at}"),
            None => format!("{kind}, {at}"),
        }
    }

    fn plain(&self) -> String {
        let Content { text, link, .. } = self.content;
        let details: Vec<String> =
            self.details().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let (headline, details, foot) = (self.headline(), details.join("\n"), self.foot());
        let parts = [&headline, text, &details, link.as_deref().unwrap_or_default(), &foot];
        let said: Vec<&str> = parts.into_iter().map(str::trim_end).filter(|part| !part.is_empty()).collect();
        format!("{}\n", said.join("\n\n"))
    }

    fn html(&self) -> String {
        let Content { text, link, .. } = self.content;
        let mut html = format!("<h2>{}</h2>\n", escaped(&self.headline()));
        if !text.trim().is_empty() {
            html.push_str(&format!("<p>{}</p>\n", escaped(text.trim_end()).replace('\n', "<br>\n")));
        }
        let details = self.details();
        if !details.is_empty() {
            let row = |(name, value): &(&str, String)| {
                format!("<tr><th align=\"left\">{}</th><td>{}</td></tr>\n", escaped(name), escaped(value))
            };
            let rows: String = details.iter().map(row).collect();
            html.push_str(&format!("<table>\n{rows}</table>\n"));
        }
        // Other schemes than these do things when they are clicked.
        let safe = |link: &&String| link.starts_with("https://") || link.starts_with("http://");
        if let Some(link) = link.as_ref().filter(safe) {
            let link = escaped(link);
            html.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>\n"));
        }
        html.push_str(&format!("<p><small>{}</small></p>\n", escaped(&self.foot())));
        html
    }
}

/// The body of a signed webhook that tells of `told` notices, of which these are the ones at hand: one, or several as a
/// digest. Names are part of the contract of docs/signed-webhooks.md: they are added to, never changed.
pub fn document(delivery: &str, handouts: &[Handout<'_>], told: i64) -> Value {
    let mut document = match handouts {
        [one] => one.document(),
        several => {
            let notices = several.iter().map(Handout::document).map(Value::Object).collect();
            Map::from_iter([
                ("kind".to_owned(), json!("digest")),
                ("title".to_owned(), json!(format!("{told} notices"))),
                ("notices".to_owned(), Value::Array(notices)),
            ])
        }
    };
    document.insert("delivery".to_owned(), json!(delivery));
    document.insert("count".to_owned(), json!(told));
    Value::Object(document)
}

impl Letter {
    /// A letter of a few words of our own; an empty line begins a paragraph.
    pub fn of_text(subject: &str, text: &str) -> Letter {
        let paragraph = |part: &str| format!("<p>{}</p>\n", escaped(part.trim_end()).replace('\n', "<br>\n"));
        let html: String = text.split("\n\n").filter(|part| !part.trim().is_empty()).map(paragraph).collect();
        Letter { subject: one_line(subject), plain: text.to_owned(), html: page(&html) }
    }
}

/// The letter that tells of `told` notices, of which these are the ones at hand: one, or several as a digest.
pub fn letter(handouts: &[Handout<'_>], told: i64) -> Letter {
    let listed = i64::try_from(handouts.len()).unwrap_or(i64::MAX);
    let subject = match handouts {
        [one] if told > 1 => format!("{} ({told} times)", one.headline()),
        [one] => one.headline(),
        _ => format!("{told} notices"),
    };
    let mut plain: Vec<String> = handouts.iter().map(Handout::plain).collect();
    let mut html: Vec<String> = handouts.iter().map(Handout::html).collect();
    if listed > 1 && told > listed {
        let more = format!("and {} more", told - listed);
        html.push(format!("<p>{more}</p>\n"));
        plain.push(format!("{more}\n"));
    }
    Letter { subject: one_line(&subject), plain: plain.join("\n----\n\n"), html: page(&html.join("<hr>\n")) }
}

fn page(body: &str) -> String {
    format!("<!doctype html>\n<html><body>\n{body}</body></html>\n")
}

/// A subject in one line: a line break would begin another header.
fn one_line(text: &str) -> String {
    let words: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match words.char_indices().nth(SUBJECT_LENGTH) {
        Some((at, _)) => format!("{}\u{2026}", &words[..at]),
        None => words,
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Handout, Letter, document, letter};
    use crate::domain::ids::NoticeId;
    use crate::domain::notice::{Content, Money, Notice, Severity, Status};
    use crate::domain::time::Timestamp;
    use insta::assert_snapshot;

    fn notice() -> Notice {
        let at = Timestamp(1_700_000_000_000);
        let content = Content {
            kind: "payment.failed".into(),
            severity: Severity::Critical,
            status: Status::Event,
            title: "Payment failed".into(),
            text: "Card <declined>\nfor the 2nd time".into(),
            link: Some("https://pay.example/i/7?a=1&b=\"2\"".into()),
            fields: [("client".to_owned(), "Acme & Sons".to_owned())].into(),
            amount: Money::of("1040.00", "EUR"),
            at,
            to: Vec::new(),
        };
        let (id, key, source) = (NoticeId(3), "inv-7".to_owned(), "billing".to_owned());
        Notice { id, content, key, source, received_at: at, expires: at }
    }

    fn changed(change: impl FnOnce(&mut Content)) -> Notice {
        let mut notice = notice();
        change(&mut notice.content);
        notice
    }

    fn shown(letter: &Letter) -> String {
        format!("{}\n\n{}\n{}", letter.subject, letter.plain, letter.html)
    }

    #[test]
    fn a_letter_says_all_and_nothing_in_it_is_taken_for_html() {
        assert_snapshot!(shown(&letter(&[Handout::of(&notice())], 1)), @r#"
        critical: Payment failed

        critical: Payment failed

        Card <declined>
        for the 2nd time

        amount: 1,040.00 EUR
        client: Acme & Sons

        https://pay.example/i/7?a=1&b="2"

        Notice 3, payment.failed, 2023-11-14T22:13:20.000Z

        <!doctype html>
        <html><body>
        <h2>critical: Payment failed</h2>
        <p>Card &lt;declined&gt;<br>
        for the 2nd time</p>
        <table>
        <tr><th align="left">amount</th><td>1,040.00 EUR</td></tr>
        <tr><th align="left">client</th><td>Acme &amp; Sons</td></tr>
        </table>
        <p><a href="https://pay.example/i/7?a=1&amp;b=&quot;2&quot;">https://pay.example/i/7?a=1&amp;b=&quot;2&quot;</a></p>
        <p><small>Notice 3, payment.failed, 2023-11-14T22:13:20.000Z</small></p>
        </body></html>
        "#);
    }

    #[test]
    fn the_document_has_every_name_also_where_there_is_nothing_to_say() {
        assert_snapshot!(format!("{:#}", document("T1-7-99", &[Handout::of(&notice())], 1)), @r#"
        {
          "amount": "1040.00",
          "at": "2023-11-14T22:13:20.000Z",
          "count": 1,
          "currency": "EUR",
          "delivery": "T1-7-99",
          "fields": {
            "client": "Acme & Sons"
          },
          "id": 3,
          "key": "inv-7",
          "kind": "payment.failed",
          "link": "https://pay.example/i/7?a=1&b=\"2\"",
          "severity": "critical",
          "state": "event",
          "text": "Card <declined>\nfor the 2nd time",
          "title": "Payment failed"
        }
        "#);
        let bare = changed(|content| {
            (content.link, content.amount) = (None, None);
            content.fields.clear();
        });
        let bare = Notice { key: String::new(), ..bare };
        assert_snapshot!(document("T1-7-99", &[Handout::of(&bare)], 3), @r#"{"amount":null,"at":"2023-11-14T22:13:20.000Z","count":3,"currency":null,"delivery":"T1-7-99","fields":{},"id":3,"key":null,"kind":"payment.failed","link":null,"severity":"critical","state":"event","text":"Card <declined>\nfor the 2nd time","title":"Payment failed"}"#);
    }

    #[test]
    fn a_digest_is_one_letter_and_one_document() {
        let (first, second) = (notice(), changed(|content| content.title = "Second".into()));
        let listed = [Handout::listed(&first.content), Handout::listed(&second.content)];
        let letter = letter(&listed, 5);
        assert_eq!(letter.subject, "5 notices");
        assert!(letter.plain.contains("\n----\n\ncritical: Second\n"), "{}", letter.plain);
        assert!(letter.plain.ends_with("\n----\n\nand 3 more\n"), "{}", letter.plain);
        assert_eq!(letter.html.matches("<h2>").count(), 2);
        let document = document("T1-7-99", &listed, 5);
        assert_eq!((&document["kind"], &document["count"]), (&"digest".into(), &5.into()));
        assert_eq!(document["notices"][1]["title"], "Second");
    }

    #[test]
    fn a_subject_is_one_line_and_no_link_of_another_scheme_can_be_clicked() {
        let odd = changed(|content| {
            content.title = format!("a\r\nBcc: x@example.com {}", "long ".repeat(100));
            content.link = Some("javascript:alert(1)".into());
        });
        let letter = letter(&[Handout::of(&odd)], 1);
        assert!(letter.subject.starts_with("critical: a  Bcc: x@example.com long"), "{}", letter.subject);
        assert!(!letter.subject.contains(['\r', '\n']) && letter.subject.chars().count() == 151);
        assert!(!letter.html.contains("javascript"));
    }

    #[test]
    fn a_letter_says_that_it_is_over_and_how_often_it_came() {
        let over = changed(|content| content.status = Status::Resolved);
        assert_eq!(letter(&[Handout::of(&over)], 1).subject, "resolved: Payment failed");
        assert_eq!(letter(&[Handout::of(&notice())], 7).subject, "critical: Payment failed (7 times)");
    }
}
