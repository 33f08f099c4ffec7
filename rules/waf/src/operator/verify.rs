//! `@verifyCC`, `@verifyCPF`, `@verifySSN`, `@verifySVNR`: a pattern finds candidates, a checksum decides.
//!
//! `SecRule ARGS "@verifyCC \d{13,16}" "id:1,phase:2,deny"`

use super::{Context, Outcome, rx::Rx};
use crate::pattern::{Found, Pattern};

/// Which numbers are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Of credit cards: Luhn's checksum (ISO/IEC 7812-1, annex B).
    CreditCard,
    /// Brazilian tax numbers.
    Cpf,
    /// US social security numbers.
    Ssn,
    /// Austrian social security numbers.
    Svnr,
}

/// How many candidates of one value are looked at.
const CANDIDATES_MAX: usize = 1_000;

impl Number {
    /// Whether a match of the pattern is such a number.
    pub fn evaluate(self, rx: &Rx, value: &[u8], cx: &mut Context<'_>) -> Outcome {
        let Rx::Fixed(pattern) = rx else { return Outcome::No };
        let mut at = 0;
        for _ in 0..CANDIDATES_MAX {
            let Some((begin, end)) = candidate(pattern, value, at, cx) else { break };
            if value.get(begin..end).is_some_and(|text| self.holds(&digits(text))) {
                cx.groups[0] = Some((begin, end));
                return Outcome::Yes;
            }
            at = end.max(begin + 1);
        }
        Outcome::No
    }

    fn holds(self, digits: &[u32]) -> bool {
        match self {
            Self::CreditCard => luhn(digits),
            Self::Cpf => cpf(digits),
            Self::Ssn => ssn(digits),
            Self::Svnr => svnr(digits),
        }
    }
}

fn candidate(
    pattern: &Pattern,
    value: &[u8],
    at: usize,
    cx: &mut Context<'_>,
) -> Option<(usize, usize)> {
    let rest = value.get(at..)?;
    match pattern.find(cx.caches, rest, cx.steps_max, cx.groups) {
        Found::Yes => cx.groups[0].map(|(begin, end)| (begin + at, end + at)),
        _ => None,
    }
}

fn digits(text: &[u8]) -> Vec<u32> {
    text.iter().filter(|b| b.is_ascii_digit()).map(|digit| u32::from(digit - b'0')).collect()
}

/// Whether Luhn's checksum of these digits holds (ISO/IEC 7812-1, annex B).
pub fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weighed = digits.iter().rev().enumerate();
    let sum: u32 =
        weighed.map(|(at, digit)| if at % 2 == 1 { doubled(*digit) } else { *digit }).sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

fn cpf(digits: &[u32]) -> bool {
    let check = |count: usize| {
        let weighed = digits.iter().take(count).zip((2..=count as u32 + 1).rev());
        let rest = weighed.map(|(digit, weight)| digit * weight).sum::<u32>() % 11;
        if rest < 2 { 0 } else { 11 - rest }
    };
    digits.len() == 11
        && digits.windows(2).any(|two| two[0] != two[1])
        && digits[9] == check(9)
        && digits[10] == check(10)
}

/// Area, group and serial are never zero, areas 666 and from 900 on not given out.
fn ssn(digits: &[u32]) -> bool {
    let number = |part: &[u32]| part.iter().fold(0, |number, digit| number * 10 + digit);
    let [area @ .., _, _, _, _, _, _] = digits else { return false };
    let (group, serial) = (&digits[area.len()..area.len() + 2], &digits[area.len() + 2..]);
    let area = number(area);
    digits.len() == 9
        && (1..900).contains(&area)
        && area != 666
        && number(group) != 0
        && number(serial) != 0
}

fn svnr(digits: &[u32]) -> bool {
    const WEIGHTS: [u32; 10] = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    digits.len() == 10 && sum % 11 == digits[3]
}
