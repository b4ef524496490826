//! What is odd about rules that can be read: routes that no notice reaches, and notices that no route takes.

use super::rules::Rules;

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Odd {
    /// This route takes nothing, because the other one before it takes everything that it would.
    Shadowed {
        /// Its index.
        route: usize,
        /// The index of the other one.
        by: usize,
    },
    /// There are routes, and none takes what the others leave.
    NoCatchAll,
}

/// Everything that is odd, in the order of the routes.
pub fn odd(rules: &Rules) -> Vec<Odd> {
    let shadowed = |(at, route): (usize, &super::Route)| {
        let by = rules.routes[..at]
            .iter()
            .position(|other| !other.goes_on && other.matcher.covers(&route.matcher));
        by.map(|by| Odd::Shadowed { route: at, by })
    };
    let mut found: Vec<Odd> = rules.routes.iter().enumerate().filter_map(shadowed).collect();
    if !rules.routes.is_empty() && !rules.routes.iter().any(|route| route.matcher.is_empty()) {
        found.push(Odd::NoCatchAll);
    }
    found
}
