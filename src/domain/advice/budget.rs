//! What calls cost, and when the month's budget is used up. Money is counted in millionths, so that nothing is rounded away.

use crate::domain::time::Timestamp;

/// Most tokens that an answer may have. A title and a sentence are some fifty; models that think aloud need more.
pub const ANSWER_TOKENS: u32 = 1000;

/// Characters that make a token, at least: in most languages three to four do. For what is asked before it is known.
const CHARS_A_TOKEN: usize = 2;

/// What is allowed in a month, and what tokens cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Most tokens, in and out together; `None` for no limit.
    pub tokens: Option<u64>,
    /// Most money, in millionths; `None` for no limit.
    pub cost: Option<u64>,
    /// Price of a million tokens of questions, in millionths.
    pub price_in: u64,
    /// Price of a million tokens of answers, in millionths.
    pub price_out: u64,
}

/// Tokens of one call, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of questions.
    pub tokens_in: u64,
    /// Of answers.
    pub tokens_out: u64,
}

/// What a month has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Calls that were made.
    pub calls: u64,
    /// Their tokens.
    pub usage: Usage,
    /// Their price, in millionths.
    pub cost: u64,
}

impl Usage {
    /// What a call with a question of so many characters may come to; for calls of which nobody says what they came to.
    pub fn guessed(chars: usize) -> Usage {
        Usage { tokens_in: (chars / CHARS_A_TOKEN) as u64 + 1, tokens_out: u64::from(ANSWER_TOKENS) }
    }
}

impl Budget {
    /// The price of these tokens, in millionths, rounded up.
    pub fn price(&self, usage: Usage) -> u64 {
        let part = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let total = part(usage.tokens_in, self.price_in) + part(usage.tokens_out, self.price_out);
        u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }

    /// Whether one more call that may come to `usage` fits into the month.
    pub fn affords(&self, spent: &Spent, usage: Usage) -> bool {
        let tokens = [spent.usage.tokens_in, spent.usage.tokens_out, usage.tokens_in, usage.tokens_out];
        let tokens = tokens.into_iter().fold(0_u64, u64::saturating_add);
        let cost = spent.cost.saturating_add(self.price(usage));
        self.tokens.is_none_or(|most| tokens <= most) && self.cost.is_none_or(|most| cost <= most)
    }
}

/// The month that a call is counted in, in UTC: `2026-11`.
pub fn month(now: Timestamp) -> String {
    now.to_string().chars().take(7).collect()
}
