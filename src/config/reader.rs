//! Typed reading of single keys through the layers flag, environment, file, default.
//!
//! A reader never stops at a problem: it notes it, hands the default out and goes on, so that all are told at once.
//! Which keys exist is known by having been asked for; the rest is unknown.

mod tables;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::Source;
use super::problem::{Problem, Spot, nearest};
use super::{Environment, Flag, span};

/// What environment variables for settings begin with.
pub const PREFIX: &str = "DESKD_";

/// The layers, and what has been found out while reading them.
pub struct Reader<'a> {
    /// The file, when there is one.
    pub source: Option<&'a Source>,
    /// Its tree.
    pub tree: Option<&'a DeTable<'a>>,
    /// The environment.
    pub env: &'a Environment,
    /// The flags of the command line.
    pub flags: &'a [Flag],
    /// What is wrong so far.
    pub problems: Vec<Problem>,
    /// The keys that were asked for, by section: those that exist.
    pub asked: BTreeMap<&'static str, Vec<&'static str>>,
}

/// One table of the file with the layers above it.
pub struct Section<'r, 'a> {
    reader: &'r mut Reader<'a>,
    name: &'static str,
    path: String,
    table: Option<&'a DeTable<'a>>,
    spot: Spot,
    /// Whether flags and environment variables can set its keys: not those of one of several tables.
    layered: bool,
}

/// One table of `[[name]]` and where it begins.
pub struct Element<'a> {
    table: &'a DeTable<'a>,
    spot: Spot,
}

/// A value before it has a type.
enum Raw<'a> {
    Toml(&'a Spanned<DeValue<'a>>),
    Text(&'a str),
}

/// A text with its place, out of a list.
pub struct Item {
    /// The text.
    pub text: String,
    /// Its key with its index, for instance `inbox.trusted_bots[0]`.
    pub key: String,
    /// Its place.
    pub spot: Spot,
}

impl<'a> Reader<'a> {
    /// A section that stands at most once.
    pub fn section(&mut self, name: &'static str) -> Section<'_, 'a> {
        self.asked.entry(name).or_default();
        let table = match self.tree.and_then(|tree| tree.get(name)) {
            None => None,
            Some(value) => match value.get_ref() {
                DeValue::Table(table) => Some(table),
                other => {
                    let what = format!("a section is needed here, not {}", article(other));
                    let spot = self.spot_of(value);
                    self.problems.push(Problem::new(spot, name, what).hint(format!("write [{name}]")));
                    None
                }
            },
        };
        Section { reader: self, name, path: name.to_owned(), table, spot: Spot::Nowhere, layered: true }
    }

    /// One table of `[[name]]`, the `index`-th counted from 1 as people count.
    pub fn element(&mut self, name: &'static str, index: usize, table: &Element<'a>) -> Section<'_, 'a> {
        let path = format!("{name}[{index}]");
        Section {
            reader: self,
            name,
            path,
            table: Some(table.table),
            spot: table.spot.clone(),
            layered: false,
        }
    }

    /// The tables of `[[name]]`.
    pub fn tables(&mut self, name: &'static str) -> Vec<Element<'a>> {
        self.asked.entry(name).or_default();
        let Some(value) = self.find(name) else { return Vec::new() };
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![],
        };
        let element = |item: &&'a Spanned<DeValue<'a>>| {
            Some(Element { table: item.get_ref().as_table()?, spot: self.spot_of(item) })
        };
        let tables: Vec<_> = items.iter().filter_map(element).collect();
        if tables.len() != items.len() || value.get_ref().as_array().is_none() {
            let hint = format!("begin each one with [[{name}]]");
            let spot = self.spot_of(value);
            self.problems.push(Problem::new(spot, name, "a list of tables is needed here").hint(hint));
        }
        tables
    }

    /// The value of a name, or of one below another: `slack.app`.
    fn find(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        match name.split_once('.') {
            None => self.tree?.get(name),
            Some((above, name)) => self.tree?.get(above)?.get_ref().as_table()?.get(name),
        }
    }

    fn spot_of<T>(&self, value: &Spanned<T>) -> Spot {
        self.source.map_or(Spot::Nowhere, |source| source.spot(value.span()))
    }
}

impl<'a> Section<'_, 'a> {
    /// Notes something wrong with a key, at the place where its value comes from.
    pub fn refuse(&mut self, key: &'static str, what: impl Into<String>, hint: impl Into<String>) {
        let spot = self.spot(key);
        let problem = Problem::new(spot, &format!("{}.{key}", self.path), what);
        self.reader.problems.push(problem.hint(hint));
    }

    /// Notes something wrong with one item of a list.
    pub fn refuse_item(&mut self, item: &Item, what: impl Into<String>, hint: impl Into<String>) {
        self.reader.problems.push(Problem::new(item.spot.clone(), &item.key, what).hint(hint));
    }

    /// Notes something wrong with the table as a whole.
    pub fn refuse_table(&mut self, what: impl Into<String>, hint: impl Into<String>) {
        self.reader.problems.push(Problem::new(self.spot.clone(), &self.path, what).hint(hint));
    }

    /// Whether any layer has a value for the key.
    pub fn is_set(&mut self, key: &'static str) -> bool {
        self.raw(key).is_some()
    }

    /// Whether systemd has handed credentials over: then a token may be among them.
    pub fn has_credentials(&self) -> bool {
        self.reader.env.contains_key("CREDENTIALS_DIRECTORY")
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        match self.raw(key)? {
            Raw::Text(text) => Some(text.to_owned()),
            Raw::Toml(value) => match value.get_ref() {
                DeValue::String(text) => Some(text.clone().into_owned()),
                other => {
                    self.refuse_kind(key, "text", other);
                    None
                }
            },
        }
    }

    /// A span of time such as `"30s"`, `"5m"` or `"90d"`; a day has 24 hours. Zero and less are refused.
    pub fn duration(&mut self, key: &'static str, default: Duration) -> Duration {
        let Some(raw) = self.raw(key) else { return default };
        let text = match raw {
            Raw::Text(text) => text,
            Raw::Toml(value) => match value.get_ref() {
                DeValue::String(text) => text.as_ref(),
                DeValue::Integer(number) => {
                    let what = "a span of time needs a unit".to_owned();
                    self.refuse(key, what, format!("write \"{number}s\" for seconds, or m, h, d"));
                    return default;
                }
                other => {
                    self.refuse_kind(key, "a span of time such as \"30s\"", other);
                    return default;
                }
            },
        };
        match span::parse(text) {
            Some(span) => span,
            None => {
                let what = format!("\"{text}\" is not a span of time above zero");
                self.refuse(key, what, "write for instance \"30s\", \"5m\", \"24h\" or \"90d\"");
                default
            }
        }
    }

    /// A whole number within a range.
    pub fn integer<T>(&mut self, key: &'static str, range: RangeInclusive<T>, default: T) -> T
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let Some(raw) = self.raw(key) else { return default };
        let number = match raw {
            Raw::Text(text) => text.parse::<i64>().ok(),
            Raw::Toml(value) => match value.get_ref() {
                DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
                other => {
                    self.refuse_kind(key, "a whole number", other);
                    return default;
                }
            },
        };
        match number.and_then(|number| T::try_from(number).ok()).filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let what = format!("not a whole number from {} to {}", range.start(), range.end());
                self.refuse(key, what, format!("{default} is usual"));
                default
            }
        }
    }

    /// Yes or no.
    pub fn switch(&mut self, key: &'static str, default: bool) -> bool {
        let Some(raw) = self.raw(key) else { return default };
        let found = match raw {
            Raw::Text(text) => text.parse().ok(),
            Raw::Toml(value) => value.get_ref().as_bool(),
        };
        if found.is_none() {
            self.refuse(key, "this is neither yes nor no", "write true or false, without quotes");
        }
        found.unwrap_or(default)
    }

    /// How much something counts: from 0, which is nothing, to 100.
    pub fn weight(&mut self, key: &'static str, default: f64) -> f64 {
        let Some(raw) = self.raw(key) else { return default };
        let number = match raw {
            Raw::Text(text) => text.parse::<f64>().ok(),
            Raw::Toml(value) => match value.get_ref() {
                DeValue::Float(number) => number.as_str().parse().ok(),
                DeValue::Integer(number) => number.as_str().parse().ok().filter(|_| number.radix() == 10),
                other => {
                    self.refuse_kind(key, "a number", other);
                    return default;
                }
            },
        };
        const HEAVIEST: f64 = 100.0;
        match number.filter(|number| (0.0..=HEAVIEST).contains(number)) {
            Some(number) => number,
            None => {
                let what = format!("not a number from 0 to {HEAVIEST}");
                self.refuse(key, what, "1.0 is usual, 0 counts nothing");
                default
            }
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)], default: T) -> T {
        let Some(text) = self.text(key) else { return default };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return *meaning;
        }
        let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let hint = match nearest(&text, words.iter().map(|(word, _)| *word)) {
            Some(word) => format!("did you mean \"{word}\"? It can be {}", all.join(", ")),
            None => format!("it can be {}", all.join(", ")),
        };
        self.refuse(key, format!("\"{text}\" is not one of the words for this"), hint);
        default
    }

    /// A list of texts; in a variable or flag they are separated by commas. `None` when the key is not set.
    pub fn list(&mut self, key: &'static str) -> Option<Vec<Item>> {
        let raw = self.raw(key)?;
        let path = format!("{}.{key}", self.path);
        match raw {
            Raw::Text(text) => {
                let spot = self.spot(key);
                let item = |text: &str| Item { text: text.to_owned(), key: path.clone(), spot: spot.clone() };
                Some(text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(item).collect())
            }
            Raw::Toml(value) => match value.get_ref() {
                DeValue::Array(items) => Some(
                    items.iter().enumerate().filter_map(|(at, item)| self.item(&path, at, item)).collect(),
                ),
                other => {
                    self.refuse_kind(key, "a list such as [\"one\", \"two\"]", other);
                    None
                }
            },
        }
    }

    /// The texts of an inline table with their names, in the order of the file. `None` when the key is not set.
    pub fn pairs(&mut self, key: &'static str) -> Option<Vec<(String, Item)>> {
        let Raw::Toml(value) = self.raw(key)? else {
            self.refuse(key, "a table cannot be set here", "write it into the file");
            return None;
        };
        let DeValue::Table(table) = value.get_ref() else {
            self.refuse_kind(key, "a table such as { name = \"text\" }", value.get_ref());
            return None;
        };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let mut pairs = Vec::new();
        for (name, value) in entries {
            let path = format!("{}.{key}.{}", self.path, name.get_ref());
            if let Some(item) = self.item(&path, 0, value) {
                pairs.push((name.get_ref().clone().into_owned(), Item { key: path, ..item }));
            }
        }
        Some(pairs)
    }

    /// The texts of a list without their places and without space around them.
    pub fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.list(key).map(|items| items.iter().map(|item| item.text.trim().to_owned()).collect())
    }

    /// A path. What the file gives as a relative path is meant from the file's folder.
    pub fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let from_file = matches!(self.raw(key), Some(Raw::Toml(_)));
        let text = self.text(key)?;
        if text.is_empty() {
            self.refuse(key, "a path is needed here, not nothing", "write a path, or leave the key out");
            return None;
        }
        let folder = self.reader.source.and_then(|source| source.path.parent());
        Some(match folder {
            Some(folder) if from_file => folder.join(text),
            _ => Path::new(&text).to_path_buf(),
        })
    }

    /// An address with its port.
    pub fn address(&mut self, key: &'static str) -> Option<SocketAddr> {
        let text = self.text(key)?;
        let address = text.parse().ok();
        if address.is_none() {
            let what = format!("\"{text}\" is not an address with its port");
            self.refuse(key, what, "write for instance \"127.0.0.1:8766\"");
        }
        address
    }

    /// An address of this machine with its port.
    pub fn loopback(&mut self, key: &'static str) -> Option<SocketAddr> {
        let text = self.text(key)?;
        match text.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => return Some(address),
            Ok(_) => {
                let hint = "write \"127.0.0.1:8765\"; let a reverse proxy face the network";
                self.refuse(key, "deskd listens on this machine only", hint);
            }
            Err(_) => {
                self.refuse(
                    key,
                    format!("\"{text}\" is not an address"),
                    "write for instance \"127.0.0.1:8765\"",
                );
            }
        }
        None
    }

    fn item(&mut self, path: &str, at: usize, value: &'a Spanned<DeValue<'a>>) -> Option<Item> {
        let spot = self.reader.spot_of(value);
        let key = format!("{path}[{}]", at + 1);
        let problem = match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => {
                return Some(Item { text: text.clone().into_owned(), key, spot });
            }
            DeValue::String(_) => {
                Problem::new(spot, &key, "an empty text means nothing here").hint("take it out")
            }
            other => {
                let what = format!("text is needed here, not {}", article(other));
                Problem::new(spot, &key, what).hint("put it in quotes")
            }
        };
        self.reader.problems.push(problem);
        None
    }

    fn refuse_kind(&mut self, key: &'static str, wanted: &str, found: &DeValue<'_>) {
        let hint = match found {
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
                if wanted == "text" =>
            {
                "put it in quotes"
            }
            DeValue::String(_) if wanted.ends_with("number") => "write it without quotes",
            _ => "see config.toml.example",
        };
        self.refuse(key, format!("{wanted} is needed here, not {}", article(found)), hint);
    }

    /// The value of the highest layer that has one. An empty variable counts as not set.
    fn raw(&mut self, key: &'static str) -> Option<Raw<'a>> {
        // A table within another one has told of its unknown keys already.
        if !self.name.contains('.') || self.reader.asked.contains_key(self.name) {
            let asked = self.reader.asked.entry(self.name).or_default();
            if !asked.contains(&key) {
                asked.push(key);
            }
        }
        if self.layered {
            if let Some(flag) = self.flag_of(key) {
                return Some(Raw::Text(&flag.value));
            }
            if let Some(text) = self.reader.env.get(&variable(self.name, key)).filter(|text| !text.is_empty())
            {
                return Some(Raw::Text(text));
            }
        }
        self.table.and_then(|table| table.get(key)).map(Raw::Toml)
    }

    fn flag_of(&self, key: &str) -> Option<&'a Flag> {
        self.reader.flags.iter().find(|flag| flag.section == self.name && flag.key == key)
    }

    /// A key's path, and where its value comes from.
    pub fn place(&mut self, key: &'static str) -> (String, Spot) {
        (format!("{}.{key}", self.path), self.spot(key))
    }

    /// Where the table stands.
    pub fn place_of_table(&self) -> (String, Spot) {
        (self.path.clone(), self.spot.clone())
    }

    /// Where the value of a key comes from.
    pub fn spot(&mut self, key: &'static str) -> Spot {
        if let Some(flag) = self.flag_of(key).filter(|_| self.layered) {
            return Spot::Flag(flag.name.to_owned());
        }
        match self.raw(key) {
            Some(Raw::Text(_)) => Spot::Variable(variable(self.name, key)),
            Some(Raw::Toml(value)) => self.reader.spot_of(value),
            None => Spot::Nowhere,
        }
    }
}

/// The environment variable that sets a key, for instance `DESKD_INBOX__QUIET`.
pub fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase())
}

fn article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
