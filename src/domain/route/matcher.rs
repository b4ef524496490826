//! Which notices a route, a silence or an inhibition is about. Compiled when the configuration is read, so that a look at a
//! notice allocates nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use rust_decimal::Decimal;

use crate::domain::ids::ProjectName;
use crate::domain::notice::{Content, Money, Severity};

/// Largest compiled pattern, in bytes: a pattern in a configuration or a silence must not eat the memory.
const PATTERN_BYTES: usize = 1 << 20;

/// What a matcher looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What the notice says.
    pub content: &'a Content,
    /// Who handed it in.
    pub source: &'a str,
    /// The category of its kind; empty for none.
    pub category: &'a str,
}

/// What a notice has to be like. All that is given has to hold.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Kinds: `payment.failed`, `payment.*`, `*`; empty for all.
    pub kinds: Vec<String>,
    /// Categories of kinds; empty for all.
    pub categories: Vec<String>,
    /// Severities; empty for all.
    pub severities: BTreeSet<Severity>,
    /// The least severity.
    pub at_least: Option<Severity>,
    /// Callers; empty for all.
    pub sources: Vec<String>,
    /// Fields, and what the value of each may be: one of these.
    pub fields: Vec<(Arc<str>, Vec<Test>)>,
}

/// What the value of a field may be.
#[derive(Clone, Debug)]
pub struct Test {
    /// As it was written.
    pub text: String,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    Is,
    Like(Regex),
    Number(Order, Decimal),
    Amount(Order, Money),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// Why a matcher does not take a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// Its kind is another.
    Kind,
    /// Its category is another.
    Category,
    /// Its severity is another.
    Severity,
    /// Somebody else handed it in.
    Source,
    /// It has no such field.
    Missing(Arc<str>),
    /// This field has another value.
    Field(Arc<str>),
    /// This amount or number is not within the limit.
    Beyond(Arc<str>),
    /// This amount is in another currency: nothing can be said about it.
    Currency(Arc<str>),
    /// This field is no amount or number.
    NoNumber(Arc<str>),
    /// It leads out of the channel of the project that the notice belongs to.
    Elsewhere(ProjectName),
}

impl Miss {
    /// The reason as people read it.
    pub fn sentence(&self) -> String {
        match self {
            Miss::Kind => "the kind is another".to_owned(),
            Miss::Category => "the category is another".to_owned(),
            Miss::Severity => "the severity is another".to_owned(),
            Miss::Source => "the caller is another".to_owned(),
            Miss::Missing(name) => format!("there is no {name}"),
            Miss::Field(name) => format!("{name} is another"),
            Miss::Beyond(name) => format!("{name} is beyond the limit"),
            Miss::Currency(name) => format!("{name} is in another currency"),
            Miss::NoNumber(name) => format!("{name} is no amount or number"),
            Miss::Elsewhere(name) => format!("it leads out of the channel of the project {name}"),
        }
    }

    /// Whether it is about another kind of thing altogether: nobody asks why such a route did not take the notice.
    pub fn is_far(&self) -> bool {
        matches!(self, Miss::Kind | Miss::Category)
    }
}

impl Matcher {
    /// A matcher from names and the values each may have: `kind`, `category`, `severity`, `at_least`, `source`, else fields.
    /// `field.NAME` is a field whatever its name. The error is a sentence.
    pub fn of(pairs: &[(String, Vec<String>)]) -> Result<Matcher, String> {
        let mut matcher = Matcher::default();
        for (name, values) in pairs {
            let severities = || values.iter().map(|word| severity(word)).collect::<Result<Vec<_>, _>>();
            match name.as_str() {
                "kind" => matcher.kinds.extend(values.iter().cloned()),
                "category" => matcher.categories.extend(values.iter().cloned()),
                "source" => matcher.sources.extend(values.iter().cloned()),
                "severity" => matcher.severities.extend(severities()?),
                "at_least" => matcher.at_least = severities()?.into_iter().min(),
                field => matcher.add(field.strip_prefix("field.").unwrap_or(field), values)?,
            }
        }
        Ok(matcher)
    }

    /// Adds a field and what it may be.
    pub fn add(&mut self, field: &str, values: &[String]) -> Result<(), String> {
        let tests = values.iter().map(|text| Test::parse(text)).collect::<Result<Vec<_>, _>>()?;
        self.fields.push((field.into(), tests));
        Ok(())
    }

    /// Whether it takes a notice; what first speaks against it otherwise.
    pub fn takes(&self, subject: &Subject<'_>) -> Result<(), Miss> {
        let content = subject.content;
        if !self.kinds.is_empty() && !self.kinds.iter().any(|glob| glob_takes(glob, &content.kind)) {
            return Err(Miss::Kind);
        }
        if !self.categories.is_empty() && !self.categories.iter().any(|name| name == subject.category) {
            return Err(Miss::Category);
        }
        if !self.takes_severity(content.severity) {
            return Err(Miss::Severity);
        }
        if !self.sources.is_empty() && !self.sources.iter().any(|glob| glob_takes(glob, subject.source)) {
            return Err(Miss::Source);
        }
        for (name, tests) in &self.fields {
            let Some(value) = value(content, name) else { return Err(Miss::Missing(name.clone())) };
            let mut miss = None;
            if !tests
                .iter()
                .any(|test| test.takes(name, value, content).map_err(|no| miss = Some(no)).is_ok())
            {
                return Err(miss.unwrap_or_else(|| Miss::Field(name.clone())));
            }
        }
        Ok(())
    }

    /// Whether it takes a severity.
    pub fn takes_severity(&self, severity: Severity) -> bool {
        self.at_least.is_none_or(|least| severity >= least)
            && (self.severities.is_empty() || self.severities.contains(&severity))
    }

    /// Whether it takes every notice.
    pub fn is_empty(&self) -> bool {
        let Matcher { kinds, categories, severities, at_least, sources, fields } = self;
        let any_kind = kinds.is_empty() || kinds.iter().any(|glob| glob == "*");
        let lists = categories.is_empty() && severities.is_empty() && sources.is_empty();
        any_kind && lists && fields.is_empty() && at_least.is_none_or(|least| least == Severity::Info)
    }

    /// Whether it certainly takes every notice that the other one takes.
    pub fn covers(&self, other: &Matcher) -> bool {
        let within = |own: &[String], others: &[String]| {
            own.is_empty()
                || own.iter().any(|glob| glob == "*")
                || !others.is_empty()
                    && others.iter().all(|text| own.iter().any(|glob| glob_covers(glob, text)))
        };
        let severities =
            Severity::ALL.into_iter().all(|word| !other.takes_severity(word) || self.takes_severity(word));
        let field = |(name, tests): &(Arc<str>, Vec<Test>)| {
            other.fields.iter().any(|(also, others)| {
                also == name && others.iter().all(|one| tests.iter().any(|test| test.text == one.text))
            })
        };
        within(&self.kinds, &other.kinds)
            && within(&self.categories, &other.categories)
            && within(&self.sources, &other.sources)
            && severities
            && self.fields.iter().all(field)
    }
}

/// A field's value; `title` is the title where no field has that name.
fn value<'a>(content: &'a Content, name: &str) -> Option<&'a str> {
    match content.fields.get(name) {
        Some(value) => Some(value.trim()),
        None if name == "title" => Some(&content.title),
        None => None,
    }
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_word(word)
        .ok_or_else(|| format!("\"{word}\" is no severity; use info, warning, error or critical"))
}

impl Test {
    /// Reads `acme`, `/pattern/`, `>= 1000 EUR` or `> 90`; the error is a sentence.
    pub fn parse(text: &str) -> Result<Test, String> {
        let text = text.trim();
        let rule = match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            Some(pattern) => {
                let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).build();
                Rule::Like(built.map_err(|_| format!("\"{text}\" is no pattern"))?)
            }
            None => Test::limit(text)?,
        };
        Ok(Test { text: text.to_owned(), rule })
    }

    fn limit(text: &str) -> Result<Rule, String> {
        let orders =
            [(">=", Order::AtLeast), ("<=", Order::AtMost), (">", Order::Above), ("<", Order::Below)];
        let found = orders.iter().find_map(|(sign, order)| Some((*order, text.strip_prefix(sign)?.trim())));
        let Some((order, limit)) = found else { return Ok(Rule::Is) };
        if let Some(money) = Money::parse(limit) {
            return Ok(Rule::Amount(order, money));
        }
        let number = Decimal::from_str_exact(limit);
        let number =
            number.map_err(|_| format!("\"{limit}\" is neither a number nor an amount such as 1000 EUR"))?;
        Ok(Rule::Number(order, number))
    }

    fn takes(&self, name: &Arc<str>, value: &str, content: &Content) -> Result<(), Miss> {
        let (holds, miss): (bool, fn(Arc<str>) -> Miss) = match &self.rule {
            Rule::Is => (value == self.text, Miss::Field),
            Rule::Like(pattern) => (pattern.is_match(value), Miss::Field),
            Rule::Number(order, limit) => match Decimal::from_str_exact(value) {
                Ok(number) => (order.holds(number, *limit), Miss::Beyond),
                Err(_) => (false, Miss::NoNumber),
            },
            Rule::Amount(order, limit) => {
                let own = content.amount.as_ref().filter(|_| &**name == "amount");
                match own.cloned().or_else(|| Money::parse(value)) {
                    None => (false, Miss::NoNumber),
                    Some(money) if money.currency != limit.currency => (false, Miss::Currency),
                    Some(money) => (order.holds(money.amount, limit.amount), Miss::Beyond),
                }
            }
        };
        if holds { Ok(()) } else { Err(miss(name.clone())) }
    }
}

impl Order {
    fn holds(self, value: Decimal, limit: Decimal) -> bool {
        match self {
            Order::Above => value > limit,
            Order::AtLeast => value >= limit,
            Order::Below => value < limit,
            Order::AtMost => value <= limit,
        }
    }
}

/// Whether a glob takes a text: `*` stands for any run of characters.
pub fn glob_takes(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(mut part) = parts.next() else { return rest.is_empty() };
    for next in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        part = next;
    }
    rest.ends_with(part)
}

/// Whether a glob takes whatever another one takes. Not every case is seen: `false` only means that it is not certain.
fn glob_covers(glob: &str, other: &str) -> bool {
    if glob == other {
        return true;
    }
    match glob.strip_suffix('*') {
        Some(start) if !start.contains('*') => other.starts_with(start),
        _ => !other.contains('*') && glob_takes(glob, other),
    }
}
