//! `[model]`: the language model that may be asked, how far calls of it may go, and what they may cost; and from `[triage]`
//! what it is asked for.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;
use ipnet::IpNet;
use regex::RegexBuilder;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::reader::Section;
use super::show::short_hash;
use super::span;
use crate::domain::advice::budget::Budget;
use crate::domain::advice::{Mode, Wish};
use crate::domain::reach::Bounds;

/// How long a call may take when nothing else is said: a hosted model answers in a few seconds, one on this machine slower.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that may be said: a step of the worker has to end before the watchdog takes it for stuck.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(100);

/// Attempts when nothing else is said.
const ATTEMPTS: u32 = 3;

/// Upper limit of one compiled pattern, as for those of categories.
const PATTERN_BYTES: usize = 1 << 20;

/// `[model]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What is spoken there.
    pub protocol: Protocol,
    /// The base address; nobody is asked without it.
    pub url: Option<String>,
    /// What the model is called there.
    pub name: Option<String>,
    /// File with the key. Models of one's own usually need none.
    pub key_file: Option<PathBuf>,
    /// How long a call may take.
    pub timeout: Duration,
    /// How often one question is asked at most.
    pub attempts: u32,
    /// What calls cost, and what they may cost in a month.
    pub budget: Budget,
    /// How far calls may go.
    pub egress: Egress,
    /// Addresses and networks that are not the internet's and may be called.
    pub private: Vec<IpNet>,
    /// Regular expressions for what is taken out of texts beside what is known by its form. They compile.
    pub redact: Vec<String>,
}

/// What a model speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Chat completions, as OpenAI has made them and Ollama, llama.cpp and vLLM have taken over.
    Openai,
    /// Messages, as Anthropic has them.
    Anthropic,
}

/// How far calls of a model may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Egress {
    /// Not beyond this machine and the private addresses that are listed.
    Local,
    /// Anywhere, encrypted.
    Any,
}

impl Protocol {
    /// The words of `model.protocol`.
    pub const WORDS: &[(&str, Protocol)] =
        &[("openai", Protocol::Openai), ("anthropic", Protocol::Anthropic)];
}

impl Egress {
    /// The words of `model.egress`.
    pub const WORDS: &[(&str, Egress)] = &[("local", Egress::Local), ("any", Egress::Any)];
}

impl Default for Model {
    fn default() -> Model {
        Model {
            protocol: Protocol::Openai,
            url: None,
            name: None,
            key_file: None,
            timeout: TIMEOUT,
            attempts: ATTEMPTS,
            budget: Budget::default(),
            egress: Egress::Local,
            private: Vec::new(),
            redact: Vec::new(),
        }
    }
}

impl Model {
    /// Which addresses may be called.
    pub fn bounds(&self) -> Bounds {
        let encrypted = self.url.as_deref().is_some_and(|url| url.starts_with("https:"));
        Bounds { anywhere: self.egress == Egress::Any && encrypted, listed: self.private.clone() }
    }

    /// Host and port as they are shown: the path of an address may be a secret.
    pub fn host(&self) -> Option<String> {
        let uri: Uri = self.url.as_deref()?.parse().ok()?;
        Some(uri.authority()?.as_str().to_owned())
    }
}

/// Reads `[model]`.
pub fn model(section: &mut Section<'_, '_>, default: Model) -> Model {
    let (protocol, egress) = (
        section.word("protocol", Protocol::WORDS, default.protocol),
        section.word("egress", Egress::WORDS, default.egress),
    );
    let private = networks(section);
    let url = url(section);
    let timeout = section.duration("timeout", default.timeout);
    if timeout > LONGEST_TIMEOUT {
        let what = format!("{} is too long", span::show(timeout));
        section.refuse("timeout", what, "100s at most: take a smaller model, or let it write less");
    }
    let model = Model {
        protocol,
        url,
        name: section.text("name").filter(|text| !text.trim().is_empty()),
        key_file: section.path("key_file"),
        timeout,
        attempts: section.integer("attempts", 1..=10, default.attempts),
        budget: budget(section),
        egress,
        private,
        redact: patterns(section),
    };
    if let Some(host) = model.url.as_deref().and_then(outside(&model)) {
        refuse_host(section, &model, &host);
    }
    model
}

/// Reads `model` and `summaries` of `[triage]`.
pub fn wish(section: &mut Section<'_, '_>, model: &Model) -> Wish {
    let wish = Wish {
        mode: section.word("model", Mode::WORDS, Mode::Never),
        summaries: section.switch("summaries", false),
    };
    let ready = model.url.is_some() && model.name.is_some();
    for (key, asked) in [("model", wish.mode != Mode::Never), ("summaries", wish.summaries)] {
        if asked && !ready {
            section.refuse(key, "there is no model to ask", "write url and name under [model]");
        }
    }
    wish
}

fn budget(section: &mut Section<'_, '_>) -> Budget {
    let tokens =
        section.is_set("monthly_tokens").then(|| section.integer("monthly_tokens", 0..=u64::MAX / 4, 0));
    let cost = section.is_set("monthly_cost").then(|| money(section, "monthly_cost"));
    let (price_in, price_out) = (money(section, "price_in"), money(section, "price_out"));
    if cost.is_some() && price_in == 0 && price_out == 0 {
        let hint = "write price_in and price_out, what a million tokens cost; or limit monthly_tokens";
        section.refuse("monthly_cost", "nobody can tell what calls cost", hint);
    }
    Budget { tokens, cost, price_in, price_out }
}

/// An amount of money in millionths; nothing for what is not set or wrong.
fn money(section: &mut Section<'_, '_>, key: &'static str) -> u64 {
    let Some(text) = section.text(key) else { return 0 };
    let amount = Decimal::from_str(text.trim()).ok().filter(|amount| !amount.is_sign_negative());
    match amount
        .and_then(|amount| amount.checked_mul(Decimal::from(1_000_000)))
        .and_then(|millionths| millionths.to_u64())
    {
        Some(millionths) => millionths,
        None => {
            section.refuse(key, "this is not an amount of money", "write for instance \"20\" or \"0.15\"");
            0
        }
    }
}

fn networks(section: &mut Section<'_, '_>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for item in section.list("private").unwrap_or_default() {
        let text = item.text.trim();
        let read = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match read {
            Some(network) if Bounds::is_private(network) => networks.push(network),
            Some(_) => {
                let hint = "egress = \"any\" lets calls out; here stand addresses of your own networks";
                section.refuse_item(&item, format!("{text} is not a private address or network"), hint);
            }
            None => {
                let what = format!("\"{text}\" is neither an address nor a network");
                section.refuse_item(&item, what, "write for instance \"10.0.0.5\" or \"192.168.4.0/24\"");
            }
        }
    }
    networks
}

fn patterns(section: &mut Section<'_, '_>) -> Vec<String> {
    let mut patterns = Vec::new();
    for item in section.list("redact").unwrap_or_default() {
        match RegexBuilder::new(&item.text).size_limit(PATTERN_BYTES).build() {
            Ok(pattern) if pattern.is_match("") => {
                section.refuse_item(
                    &item,
                    "this pattern matches nothing at all",
                    "say what it should look for",
                );
            }
            Ok(_) => patterns.push(item.text),
            Err(_) => {
                let hint = "write it in single quotes, so that TOML leaves its backslashes alone";
                section.refuse_item(&item, "bad regular expression", hint);
            }
        }
    }
    patterns
}

/// The base address. What is wrong with it is told without repeating it.
fn url(section: &mut Section<'_, '_>) -> Option<String> {
    let text = section.text("url").filter(|text| !text.is_empty())?;
    let uri: Option<Uri> = text.parse().ok();
    let parts =
        uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?.as_str(), uri.query())));
    let (what, hint) = match parts {
        Some((_, authority, _)) if authority.contains('@') => {
            ("a password must not stand in the address", "keep the key in a file named by key_file")
        }
        Some((_, _, Some(_))) => {
            ("an address with a query cannot be the base of others", "leave out what follows the ?")
        }
        Some(("https" | "http", ..)) => return Some(text.trim_end_matches('/').to_owned()),
        Some(_) | None => {
            ("this is not an address that can be called", "write for instance \"http://127.0.0.1:11434/v1\"")
        }
    };
    section.refuse("url", what, hint);
    None
}

/// The host of an address that may not be called, as far as that can be told without looking names up.
fn outside(model: &Model) -> impl Fn(&str) -> Option<String> {
    let bounds = model.bounds();
    move |url| {
        let uri: Uri = url.parse().ok()?;
        let host = uri.host()?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        let refused = match literal {
            Some(address) => !bounds.admits(address),
            None => host != "localhost" && !bounds.anywhere && bounds.listed.is_empty(),
        };
        refused.then(|| host.to_owned())
    }
}

fn refuse_host(section: &mut Section<'_, '_>, model: &Model, host: &str) {
    let (what, hint) = match model.egress {
        Egress::Any => (
            format!("customers' words must not travel to {host} unencrypted"),
            "use https; plain http is for this machine and for what stands in private",
        ),
        Egress::Local => (
            format!("egress = \"local\" keeps customers' words away from {host}"),
            "name its address or network in private, if it is yours; egress = \"any\" lets them out: see docs/language-models.md",
        ),
    };
    section.refuse("url", what, hint);
}

/// The lines of the section for `deskd check`; of the address only scheme and host.
pub fn show(model: &Model, wish: Wish, add: &mut impl FnMut(&str, String)) {
    let Model { protocol, url, name, key_file, timeout, attempts, budget, egress, private, redact } = model;
    let scheme = url.as_deref().and_then(|url| url.split_once("://")).map(|(scheme, _)| scheme);
    // Its hash, so that a change of what is not shown can be seen.
    let hash = short_hash(url.as_deref().unwrap_or_default());
    let shown = scheme.zip(model.host()).map(|(scheme, host)| format!("{scheme}://{host}/\u{2026} ({hash})"));
    let Budget { tokens, cost, price_in, price_out } = *budget;
    add("model.protocol", format!("{protocol:?}").to_lowercase());
    add("model.url", shown.unwrap_or_default());
    add("model.name", name.clone().unwrap_or_default());
    add("model.key_file", key_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default());
    add("model.timeout", span::show(*timeout));
    add("model.attempts", attempts.to_string());
    add("model.monthly_tokens", tokens.map(|tokens| tokens.to_string()).unwrap_or_default());
    add("model.monthly_cost", cost.map(amount).unwrap_or_default());
    add("model.price_in", amount(price_in));
    add("model.price_out", amount(price_out));
    add("model.egress", format!("{egress:?}").to_lowercase());
    add("model.private", private.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    add("model.redact", redact.join(", "));
    let Wish { mode, summaries } = wish;
    add("triage.model", mode.as_str().to_owned());
    add("triage.summaries", summaries.to_string());
}

/// Millionths as people write money: `0.15`, `20`.
pub fn amount(millionths: u64) -> String {
    Decimal::from_i128_with_scale(i128::from(millionths), 6).normalize().to_string()
}

#[cfg(test)]
mod tests {
    use crate::config::tests::load_text;
    use crate::domain::advice::Mode;

    #[test]
    fn nobody_is_asked_unless_it_is_said_and_a_model_is_named() {
        let none = load_text("").expect("nothing is wrong");
        assert_eq!((none.wish.mode, none.wish.summaries, none.model.url), (Mode::Never, false, None));
        let told = load_text("[triage]\nmodel = \"always\"\nsummaries = true\n")
            .expect_err("there is no model")
            .to_string();
        assert!(told.contains("triage.model: there is no model to ask"), "{told}");
        assert!(told.contains("triage.summaries: there is no model to ask"), "{told}");
        let text =
            "[model]\nurl = \"http://localhost:11434/v1/\"\nname = \"m\"\n[triage]\nmodel = \"abstain\"\n";
        let config = load_text(text).expect("nothing is wrong");
        assert_eq!(
            (config.wish.mode, config.model.url.as_deref()),
            (Mode::Abstain, Some("http://localhost:11434/v1"))
        );
    }

    #[test]
    fn an_address_outside_is_a_problem_where_egress_is_local() {
        let with = |more: &str| {
            load_text(&format!("[model]\nname = \"m\"\n{more}\n")).map_err(|told| told.to_string())
        };
        for (more, problem) in [
            (
                "url = \"https://api.example.com/v1\"",
                Some("keeps customers' words away from api.example.com"),
            ),
            ("url = \"http://10.0.0.5/v1\"", Some("keeps customers' words away from 10.0.0.5")),
            ("url = \"http://[::ffff:8.8.8.8]/v1\"", Some("keeps customers' words away")),
            ("url = \"http://10.0.0.5/v1\"\nprivate = [\"10.0.0.0/24\"]", None),
            ("url = \"http://llm.lan/v1\"\nprivate = [\"10.0.0.0/24\"]", None),
            ("url = \"http://127.0.0.1:8080/v1\"", None),
            ("url = \"https://api.example.com/v1\"\negress = \"any\"", None),
            (
                "url = \"http://api.example.com/v1\"\negress = \"any\"",
                Some("must not travel to api.example.com unencrypted"),
            ),
            ("private = [\"8.8.8.8\"]", Some("8.8.8.8 is not a private address or network")),
            ("private = [\"home\"]", Some("neither an address nor a network")),
            ("url = \"https://me:secret@example.com\"", Some("a password must not stand in the address")),
            ("url = \"ftp://example.com\"", Some("not an address that can be called")),
        ] {
            match (with(more), problem) {
                (Ok(_), None) => {}
                (Err(told), Some(problem)) => {
                    assert!(told.contains(problem) && !told.contains("secret@"), "{more}: {told}");
                }
                (ended, problem) => panic!("{more}: {problem:?}, {:?}", ended.err()),
            }
        }
    }

    #[test]
    fn budgets_and_patterns_are_checked_and_a_key_does_not_belong_here() {
        for (text, problem) in [
            ("monthly_cost = \"20\"", "nobody can tell what calls cost"),
            ("price_in = \"cheap\"", "not an amount of money"),
            ("price_in = \"-1\"", "not an amount of money"),
            ("redact = ['(']", "bad regular expression"),
            ("redact = ['x*']", "matches nothing at all"),
            ("timeout = \"10m\"", "10m is too long"),
            ("attempts = 0", "not a whole number from 1 to 10"),
            ("key = \"sk-1\"", "a token does not belong in the configuration"),
        ] {
            let told = load_text(&format!("[model]\n{text}\n")).expect_err(text).to_string();
            assert!(told.contains(problem) && !told.contains("sk-1"), "{text}: {told}");
        }
        let text = "[model]\nmonthly_cost = \"20.5\"\nprice_in = \"0.15\"\nmonthly_tokens = 7\n";
        let budget = load_text(text).expect("nothing is wrong").model.budget;
        assert_eq!((budget.cost, budget.price_in, budget.tokens), (Some(20_500_000), 150_000, Some(7)));
        assert_eq!((super::amount(20_500_000), super::amount(0)), ("20.5".to_owned(), "0".to_owned()));
    }
}
