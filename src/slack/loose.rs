//! Reading JSON that keeps no promises: numbers where strings are documented, `null` where objects are, and the other
//! way round. A field that is not what we can use is a field that is not there; only broken JSON is an error.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
};
use serde_json::value::RawValue;

/// A string, or a number or boolean in its textual form; borrowed when it holds no escapes.
pub type Text<'a> = Option<Cow<'a, str>>;

/// Any JSON value, sorted by what can be made of it.
#[derive(Debug, Default)]
pub enum Loose<'a, T> {
    /// `null`, or no value at all.
    #[default]
    Nothing,
    /// A string, number or boolean.
    Text(Cow<'a, str>),
    /// An object.
    Object(T),
    /// An array.
    List(Vec<Loose<'a, T>>),
}

impl<T> Loose<'_, T> {
    /// The object, when it is one.
    pub fn object(&self) -> Option<&T> {
        match self {
            Loose::Object(object) => Some(object),
            Loose::Nothing | Loose::Text(_) | Loose::List(_) => None,
        }
    }

    /// The text, when it is one and not empty.
    pub fn text(&self) -> Option<&str> {
        match self {
            Loose::Text(text) if !text.is_empty() => Some(text),
            Loose::Nothing | Loose::Text(_) | Loose::Object(_) | Loose::List(_) => None,
        }
    }
}

/// An object none of whose fields matter.
#[derive(Debug, Deserialize)]
pub struct Skip {}

/// The text, or the empty string.
pub fn or_empty<'a>(text: &'a Text<'_>) -> &'a str {
    text.as_deref().unwrap_or_default()
}

/// The text as an owned string; `None` when it is missing or empty, because Slack writes "no value" both ways.
pub fn filled(text: &Text<'_>) -> Option<String> {
    text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Reads a [`Text`]; objects, arrays and `null` count as absent.
pub fn text<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Text<'a>, D::Error> {
    Ok(match Loose::<Skip>::deserialize(from)? {
        Loose::Text(text) => Some(text),
        Loose::Nothing | Loose::Object(_) | Loose::List(_) => None,
    })
}

/// A piece of JSON as a [`Text`]; what cannot be read is absent, too.
pub fn text_of<'a>(piece: &'a RawValue) -> Text<'a> {
    text(&mut serde_json::Deserializer::from_str(piece.get())).ok().flatten()
}

/// Reads a boolean that may come as `"true"` or as a number; anything else is `false`.
pub fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(is_on(&text(from)?))
}

/// Whether the text is one of the ways to write "yes".
pub fn is_on(text: &Text<'_>) -> bool {
    matches!(or_empty(text), "true" | "1")
}

/// The count in a text; anything that is not a whole number is absent.
pub fn number(text: &Text<'_>) -> Option<u32> {
    or_empty(text).parse().ok()
}

/// Reads an array of objects, leaving out what is not an object; anything but an array is empty.
pub fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let objects = |item| match item {
        Loose::Object(object) => Some(object),
        Loose::Nothing | Loose::Text(_) | Loose::List(_) => None,
    };
    Ok(items(Loose::<T>::deserialize(from)?).into_iter().filter_map(objects).collect())
}

/// Reads an array of texts, leaving out what is not one; anything but an array is empty.
pub fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let texts = |item: Loose<'_, Skip>| item.text().map(str::to_owned);
    Ok(items(Loose::deserialize(from)?).into_iter().filter_map(texts).collect())
}

fn items<'a, T>(value: Loose<'a, T>) -> Vec<Loose<'a, T>> {
    match value {
        Loose::List(items) => items,
        Loose::Nothing | Loose::Text(_) | Loose::Object(_) => Vec::new(),
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Loose<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue { in_list: false, of: PhantomData })
    }
}

/// An item of a list. A list in it means nothing anywhere, so it is skipped: what is nested a hundred deep must not take the
/// stack of a hundred messages.
struct Item<'a, T>(Loose<'a, T>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Item<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue { in_list: true, of: PhantomData }).map(Item)
    }
}

struct AnyValue<'a, T> {
    in_list: bool,
    of: PhantomData<(&'a (), T)>,
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for AnyValue<'a, T> {
    type Value = Loose<'a, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(value.to_string())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Loose::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        if self.in_list {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Loose::List(list));
        }
        while let Some(Item(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Loose::List(list))
    }
}

#[cfg(test)]
mod tests {
    use super::{Skip, Text};
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Sample<'a> {
        #[serde(borrow, default, deserialize_with = "super::text")]
        name: Text<'a>,
        #[serde(default, deserialize_with = "super::flag")]
        on: bool,
        #[serde(borrow, default, deserialize_with = "super::text")]
        count: Text<'a>,
        #[serde(default, deserialize_with = "super::objects")]
        list: Vec<Skip>,
    }

    #[test]
    fn a_value_of_another_type_is_read_as_far_as_it_makes_sense() {
        for (json, name, on, count, list) in [
            (r#"{"name":"a","on":true,"count":3,"list":[{},{}]}"#, Some("a"), true, Some(3), 2),
            (r#"{"name":7,"on":"true","count":"3","list":[{},null,[1]]}"#, Some("7"), true, Some(3), 1),
            (r#"{"name":null,"on":null,"count":null,"list":null}"#, None, false, None, 0),
            (r#"{"name":{"a":[1]},"on":{},"count":[],"list":{"x":1}}"#, None, false, None, 0),
            (r#"{"name":[[["deep"]]],"on":1,"count":-1.5,"list":"no"}"#, None, true, None, 0),
            (r"{}", None, false, None, 0),
        ] {
            let sample: Sample<'_> = serde_json::from_str(json).expect("every row is valid JSON");
            assert_eq!(sample.name.as_deref(), name, "{json}");
            let counted = super::number(&sample.count);
            assert_eq!((sample.on, counted, sample.list.len()), (on, count, list), "{json}");
        }
    }
    #[test]
    fn a_list_in_a_list_is_skipped_however_deep_it_is() {
        let deep = format!(r#"{{"list":[{{}},{}{},{{}}],"on":true}}"#, "[".repeat(5_000), "]".repeat(5_000));
        let sample: Sample<'_> = serde_json::from_str(&deep).expect("depth is no reason to lose the rest");
        assert_eq!((sample.list.len(), sample.on), (2, true));
    }
}
