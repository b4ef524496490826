//! A notice as it leaves deskd other than through Slack: as a document for a program, as a letter for a person. Whoever gets
//! one is outside, so everything a reader needs is in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::time::Timestamp;

/// Longest subject of a letter, in characters: mail programs show about half of it.
const SUBJECT_LENGTH: usize = 150;

/// One notice on its way.
#[derive(Clone, PartialEq, Eq)]
pub struct Handout {
    /// The id over all attempts at this delivery.
    pub delivery: String,
    /// The number of the notice.
    pub notice: i64,
    /// What kind of notice it is, for instance `payment.failed`.
    pub kind: String,
    /// How much it matters: `info`, `warning`, `critical` ...
    pub severity: String,
    /// Where it stands: `firing` or `resolved`.
    pub state: String,
    /// What it is about, in a line.
    pub title: String,
    /// What else there is to say; may be empty.
    pub text: String,
    /// Where to look; empty for nowhere.
    pub link: String,
    /// Details by name.
    pub fields: BTreeMap<String, String>,
    /// What its sender knows it by; empty when it gave none.
    pub key: String,
    /// When it happened.
    pub at: Timestamp,
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

impl Handout {
    /// The body of a signed webhook. Names are part of the contract of docs/signed-webhooks.md: they are added to, never
    /// changed.
    pub fn document(&self) -> Value {
        let Handout { delivery, notice, kind, severity, state, title, text, link, fields, key, at } = self;
        let or_null = |text: &String| (!text.is_empty()).then(|| text.clone());
        json!({
            "delivery": delivery,
            "id": notice,
            "kind": kind,
            "severity": severity,
            "state": state,
            "title": title,
            "text": text,
            "link": or_null(link),
            "fields": fields,
            "key": or_null(key),
            "at": at.to_string(),
        })
    }

    fn headline(&self) -> String {
        match self.state.as_str() {
            "resolved" => format!("resolved: {}", self.title),
            _ => format!("{}: {}", self.severity, self.title),
        }
    }

    fn foot(&self) -> String {
        format!("Notice {}, {}, {}", self.notice, self.kind, self.at)
    }

    fn plain(&self) -> String {
        let fields: String = self.fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let parts = [self.title.as_str(), &self.text, fields.trim_end(), &self.link, &self.foot()];
        let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}\n", said.join("\n\n"))
    }

    fn html(&self) -> String {
        let mut html = format!("<h2>{}</h2>\n", escaped(&self.title));
        if !self.text.is_empty() {
            html.push_str(&format!("<p>{}</p>\n", escaped(&self.text).replace('\n', "<br>\n")));
        }
        if !self.fields.is_empty() {
            let row = |(name, value): (&String, &String)| {
                format!("<tr><th align=\"left\">{}</th><td>{}</td></tr>\n", escaped(name), escaped(value))
            };
            let rows: String = self.fields.iter().map(row).collect();
            html.push_str(&format!("<table>\n{rows}</table>\n"));
        }
        // Other schemes than these do things when they are clicked.
        if self.link.starts_with("https://") || self.link.starts_with("http://") {
            let link = escaped(&self.link);
            html.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>\n"));
        }
        html.push_str(&format!("<p><small>{}</small></p>\n", escaped(&self.foot())));
        html
    }
}

impl Letter {
    /// A letter of a few words of our own; an empty line begins a paragraph.
    pub fn of_text(subject: &str, text: &str) -> Letter {
        let paragraph = |part: &str| format!("<p>{}</p>\n", escaped(part.trim_end()).replace('\n', "<br>\n"));
        let html: String = text.split("\n\n").filter(|part| !part.trim().is_empty()).map(paragraph).collect();
        Letter { subject: one_line(subject), plain: text.to_owned(), html: page(&html) }
    }
}

/// The letter that tells of these notices: of one, or of several as a digest.
pub fn letter(handouts: &[Handout]) -> Letter {
    let subject = match handouts {
        [one] => one.headline(),
        _ => format!("{} notices", handouts.len()),
    };
    let plain: Vec<String> = handouts.iter().map(Handout::plain).collect();
    let html: Vec<String> = handouts.iter().map(Handout::html).collect();
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
    use super::{Handout, letter};
    use crate::domain::time::Timestamp;
    use insta::assert_snapshot;

    fn handout() -> Handout {
        Handout {
            delivery: "T1-7-1700000000000".into(),
            notice: 3,
            kind: "payment.failed".into(),
            severity: "critical".into(),
            state: "firing".into(),
            title: "Payment failed".into(),
            text: "Card <declined>\nfor the 2nd time".into(),
            link: "https://pay.example/i/7?a=1&b=\"2\"".into(),
            fields: [("amount", "EUR 40.00"), ("client", "Acme & Sons")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            key: String::new(),
            at: Timestamp(1_700_000_000_000),
        }
    }

    #[test]
    fn a_letter_says_all_and_nothing_in_it_is_taken_for_html() {
        let letter = letter(&[handout()]);
        assert_snapshot!(format!("{}\n\n{}\n{}", letter.subject, letter.plain, letter.html), @r#"
        critical: Payment failed

        Payment failed

        Card <declined>
        for the 2nd time

        amount: EUR 40.00
        client: Acme & Sons

        https://pay.example/i/7?a=1&b="2"

        Notice 3, payment.failed, 2023-11-14T22:13:20.000Z

        <!doctype html>
        <html><body>
        <h2>Payment failed</h2>
        <p>Card &lt;declined&gt;<br>
        for the 2nd time</p>
        <table>
        <tr><th align="left">amount</th><td>EUR 40.00</td></tr>
        <tr><th align="left">client</th><td>Acme &amp; Sons</td></tr>
        </table>
        <p><a href="https://pay.example/i/7?a=1&amp;b=&quot;2&quot;">https://pay.example/i/7?a=1&amp;b=&quot;2&quot;</a></p>
        <p><small>Notice 3, payment.failed, 2023-11-14T22:13:20.000Z</small></p>
        </body></html>
        "#);
    }

    #[test]
    fn the_document_has_every_name_also_where_there_is_nothing_to_say() {
        assert_snapshot!(format!("{:#}", handout().document()), @r#"
        {
          "at": "2023-11-14T22:13:20.000Z",
          "delivery": "T1-7-1700000000000",
          "fields": {
            "amount": "EUR 40.00",
            "client": "Acme & Sons"
          },
          "id": 3,
          "key": null,
          "kind": "payment.failed",
          "link": "https://pay.example/i/7?a=1&b=\"2\"",
          "severity": "critical",
          "state": "firing",
          "text": "Card <declined>\nfor the 2nd time",
          "title": "Payment failed"
        }
        "#);
    }

    #[test]
    fn several_notices_are_one_letter() {
        let letter = letter(&[handout(), Handout { title: "Second".into(), ..handout() }]);
        assert_eq!(letter.subject, "2 notices");
        assert!(letter.plain.contains("Payment failed") && letter.plain.contains("\n----\n\nSecond\n"));
        assert_eq!(letter.html.matches("<h2>").count(), 2);
    }

    #[test]
    fn a_subject_is_one_line_and_no_link_of_another_scheme_can_be_clicked() {
        let title = format!("a\r\nBcc: x@example.com {}", "long ".repeat(100));
        let odd = Handout { title, link: "javascript:alert(1)".into(), ..handout() };
        let letter = letter(&[odd]);
        assert!(letter.subject.starts_with("critical: a  Bcc: x@example.com long"), "{}", letter.subject);
        assert!(!letter.subject.contains(['\r', '\n']) && letter.subject.chars().count() == 151);
        assert!(!letter.html.contains("javascript"));
    }

    #[test]
    fn a_letter_that_it_is_over_says_so() {
        let over = Handout { state: "resolved".into(), ..handout() };
        assert_eq!(letter(&[over]).subject, "resolved: Payment failed");
    }
}
