//! Amounts of money: an exact decimal number and a currency. No floating point comes near them.

use std::fmt;

use rust_decimal::Decimal;

/// An amount with its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// How much; may be negative.
    pub amount: Decimal,
    /// Which currency, as three capital letters (ISO 4217).
    pub currency: String,
}

impl Money {
    /// Reads `1250.00 EUR`, `EUR 1250`, or an amount and a currency apart. `None` when the amount is no number or the currency
    /// is not three letters.
    pub fn parse(text: &str) -> Option<Money> {
        let (left, right) = text.trim().split_once(char::is_whitespace)?;
        Money::of(left, right.trim()).or_else(|| Money::of(right.trim(), left))
    }

    /// An amount and a currency as two texts.
    pub fn of(amount: &str, currency: &str) -> Option<Money> {
        let letters = currency.len() == 3 && currency.chars().all(|c| c.is_ascii_alphabetic());
        let amount = Decimal::from_str_exact(amount.trim()).ok()?;
        letters.then(|| Money { amount, currency: currency.to_ascii_uppercase() })
    }
}

impl fmt::Display for Money {
    /// `1,250.00 EUR`: thousands apart, the decimals as they were given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.amount.abs().to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.amount.is_sign_negative() && !self.amount.is_zero() { "-" } else { "" };
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{sign}{grouped}{point}{decimals} {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::Money;

    #[test]
    fn an_amount_is_read_in_the_usual_ways_and_shown_in_one() {
        let table = [
            ("1250.00 EUR", "1,250.00 EUR"),
            ("EUR 1250", "1,250 EUR"),
            ("-0.5 usd", "-0.5 USD"),
            ("1234567.891 JPY", "1,234,567.891 JPY"),
            ("0 EUR", "0 EUR"),
        ];
        for (given, shown) in table {
            assert_eq!(Money::parse(given).map(|money| money.to_string()).as_deref(), Some(shown));
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for given in
            ["", "12", "EUR", "twelve EUR", "12 euros", "1,250.00 EUR", "1e5 EUR", "NaN EUR", "12 E1R"]
        {
            assert_eq!(Money::parse(given), None, "{given}");
        }
    }
}
