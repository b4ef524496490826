//! Values that are more than one scalar: lists of one, tables with free keys, tables within tables; and the scalars that only
//! those need.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::{Item, Raw, Section, article, nearest};
use crate::config::problem::Problem;

impl<'a> Section<'_, 'a> {
    /// A whole number within a range, where there need not be one.
    pub fn count(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = match self.raw(key)? {
            Raw::Text(text) => text.parse::<i64>().ok(),
            Raw::Toml(value) => match value.get_ref() {
                DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
                other => {
                    self.refuse_kind(key, "a whole number", other);
                    return None;
                }
            },
        };
        let fits = number.filter(|number| range.contains(number));
        if fits.is_none() {
            let what = format!("not a whole number from {} to {}", range.start(), range.end());
            self.refuse(key, what, "or leave it out");
        }
        fits
    }

    /// A list of texts, or one text that stands for a list of one.
    pub fn some(&mut self, key: &'static str) -> Option<Vec<Item>> {
        let one = matches!(self.raw(key), Some(Raw::Toml(value)) if value.get_ref().is_str());
        if !one {
            return self.list(key);
        }
        let text = self.text(key)?;
        let (key, spot) = self.place(key);
        Some(vec![Item { text, key, spot }])
    }

    /// The entries of a table whose keys are free, each with a text or a list of texts.
    pub fn entries(&mut self, key: &'static str) -> Vec<(String, Vec<Item>)> {
        let Some(Raw::Toml(value)) = self.raw(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.refuse_kind(key, "a table such as { client = \"acme\" }", value.get_ref());
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, value) in table.iter() {
            let path = format!("{}.{key}.{}", self.path, name.get_ref());
            let items = match value.get_ref() {
                DeValue::Array(items) => {
                    items.iter().enumerate().filter_map(|(at, item)| self.item(&path, at, item)).collect()
                }
                DeValue::String(text) => {
                    let spot = self.reader.spot_of(value);
                    vec![Item { text: text.clone().into_owned(), key: path, spot }]
                }
                other => {
                    let what = format!("text is needed here, not {}", article(other));
                    let spot = self.reader.spot_of(value);
                    self.reader.problems.push(Problem::new(spot, &path, what).hint("put it in quotes"));
                    Vec::new()
                }
            };
            found.push((name.get_ref().clone().into_owned(), items));
        }
        found
    }

    /// A table with these keys within this one. `name` is how it is called in all, for instance `route.digest`.
    pub fn inner(
        &mut self,
        (key, name): (&'static str, &'static str),
        keys: &[&'static str],
    ) -> Option<Section<'_, 'a>> {
        let Some(Raw::Toml(value)) = self.raw(key) else { return None };
        let DeValue::Table(table) = value.get_ref() else {
            self.refuse_kind(key, "a table such as { window = \"10m\" }", value.get_ref());
            return None;
        };
        let path = format!("{}.{key}", self.path);
        for (word, _) in table.iter().filter(|(word, _)| !keys.contains(&word.get_ref().as_ref())) {
            let spot = self.reader.spot_of(word);
            let problem = Problem::new(spot, &format!("{path}.{}", word.get_ref()), "unknown key");
            let hint = match nearest(word.get_ref(), keys.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("there are {}", keys.join(", ")),
            };
            self.reader.problems.push(problem.hint(hint));
        }
        let spot = self.reader.spot_of(value);
        Some(Section { reader: &mut *self.reader, name, path, table: Some(table), spot, layered: false })
    }
}
