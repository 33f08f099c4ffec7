//! Looking for bytes that a function would change, sixteen or thirty-two at a time.
//!
//! On a benign value most functions change nothing, and this is where they find that out. A class of bytes is
//! written as a *distance*: a function that gives 0 for the bytes of the class and something else for all others.
//! Distances compose without branches: `a.min(b)` is 0 where either is, `a | b` where both are. That is what lets
//! the compiler turn a scan into vector instructions without any of ours being particular to a processor.
//!
//! The functions are inlined so that each class gets a loop of its own, and distances are to be `#[inline(always)]`
//! functions, not closures, which the compiler may leave as calls.

/// 0 for this byte only.
#[inline(always)]
pub(super) fn is(byte: u8, wanted: u8) -> u8 {
    byte ^ wanted
}

/// 0 from `first` to `last`, both included.
#[inline(always)]
pub(super) fn within(byte: u8, first: u8, last: u8) -> u8 {
    byte.wrapping_sub(first).saturating_sub(last.wrapping_sub(first))
}

/// Whether any byte is of the class.
#[inline(always)]
pub(super) fn any(input: &[u8], class: impl Fn(u8) -> u8 + Copy) -> bool {
    block_with(input, class).is_some()
}

/// Where the first byte of the class is.
#[inline(always)]
pub(super) fn find(input: &[u8], class: impl Fn(u8) -> u8 + Copy) -> Option<usize> {
    let block = block_with(input, class)?;
    let within_block = input.get(block..)?.iter().position(|&byte| class(byte) == 0)?;
    Some(block + within_block)
}

/// Whether any two neighbours are of the class.
#[inline(always)]
pub(super) fn any_pair(input: &[u8], class: impl Fn(u8, u8) -> u8 + Copy) -> bool {
    block_with_pair(input, class).is_some()
}

/// Where the first two neighbours of the class are: the place of the first of them.
#[inline(always)]
pub(super) fn find_pair(input: &[u8], class: impl Fn(u8, u8) -> u8 + Copy) -> Option<usize> {
    let block = block_with_pair(input, class)?;
    let pairs = input.get(block..)?.iter().zip(input.get(block + 1..)?);
    let within_block = pairs.into_iter().position(|(&one, &two)| class(one, two) == 0)?;
    Some(block + within_block)
}

/// A place at or before the first byte of the class, with none of the class before it.
#[inline(always)]
fn block_with(input: &[u8], class: impl Fn(u8) -> u8 + Copy) -> Option<usize> {
    match input.len() {
        0 => None,
        64.. => block_of::<32>(input, class),
        16.. => block_of::<16>(input, class),
        8.. => block_of::<8>(input, class),
        4.. => block_of::<4>(input, class),
        _ => block_of::<1>(input, class),
    }
}

/// [`block_with`] in blocks of this size. The last one reaches back into the one before it, so that it is whole too.
#[inline(always)]
fn block_of<const N: usize>(input: &[u8], class: impl Fn(u8) -> u8 + Copy) -> Option<usize> {
    let (blocks, rest) = input.as_chunks::<N>();
    for (number, block) in blocks.iter().enumerate() {
        if has(*block, class) {
            return Some(number * N);
        }
    }
    if rest.is_empty() {
        return None;
    }
    has(*input.last_chunk::<N>()?, class).then_some(input.len() - N)
}

#[inline(always)]
fn has<const N: usize>(mut block: [u8; N], class: impl Fn(u8) -> u8 + Copy) -> bool {
    for byte in &mut block {
        *byte = class(*byte);
    }
    has_zero(block)
}

/// [`block_with`] for neighbours: all but the last byte beside all but the first.
#[inline(always)]
fn block_with_pair(input: &[u8], class: impl Fn(u8, u8) -> u8 + Copy) -> Option<usize> {
    block_beside(input.get(..input.len().checked_sub(1)?)?, input.get(1..)?, class)
}

/// Not inlined: where the compiler sees that both are of one input, it loads each byte once for both, and what it has
/// then it cannot put into vectors.
#[inline(never)]
fn block_beside(ones: &[u8], twos: &[u8], class: impl Fn(u8, u8) -> u8 + Copy) -> Option<usize> {
    match ones.len().min(twos.len()) {
        0 => None,
        64.. => block_of_pairs::<32>(ones, twos, class),
        16.. => block_of_pairs::<16>(ones, twos, class),
        8.. => block_of_pairs::<8>(ones, twos, class),
        4.. => block_of_pairs::<4>(ones, twos, class),
        _ => block_of_pairs::<1>(ones, twos, class),
    }
}

/// [`block_of`] for neighbours.
#[inline(always)]
fn block_of_pairs<const N: usize>(
    ones: &[u8],
    twos: &[u8],
    class: impl Fn(u8, u8) -> u8 + Copy,
) -> Option<usize> {
    let ((blocks, rest), (next, _)) = (ones.as_chunks::<N>(), twos.as_chunks::<N>());
    for (number, (one, two)) in blocks.iter().zip(next).enumerate() {
        if has_pair(*one, *two, class) {
            return Some(number * N);
        }
    }
    if rest.is_empty() {
        return None;
    }
    let (one, two) = (ones.last_chunk::<N>()?, twos.last_chunk::<N>()?);
    has_pair(*one, *two, class).then_some(ones.len() - N)
}

#[inline(always)]
fn has_pair<const N: usize>(
    mut one: [u8; N],
    two: [u8; N],
    class: impl Fn(u8, u8) -> u8 + Copy,
) -> bool {
    for (one, two) in one.iter_mut().zip(&two) {
        *one = class(*one, *two);
    }
    has_zero(one)
}

/// Without an early end, which would keep it from being one comparison.
#[inline(always)]
fn has_zero<const N: usize>(distances: [u8; N]) -> bool {
    distances.iter().fold(false, |found, &distance| found | (distance == 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    #[inline(always)]
    fn upper(byte: u8) -> u8 {
        within(byte, b'A', b'Z').min(is(byte, b'%'))
    }

    #[inline(always)]
    fn opener(one: u8, two: u8) -> u8 {
        (is(one, b'/') | is(two, b'*')).min(is(two, b'#'))
    }

    fn is_upper(byte: u8) -> bool {
        byte.is_ascii_uppercase() || byte == b'%'
    }

    fn is_opener(pair: &[u8]) -> bool {
        pair == b"/*" || pair[1] == b'#'
    }

    /// Every place in every length up to some blocks, so that no seam between blocks is left out.
    #[test]
    fn every_place_is_looked_at() {
        for length in 0..150 {
            let mut input = vec![b'a'; length];
            assert_eq!((any(&input, upper), find(&input, upper)), (false, None), "{length}");
            assert_eq!((any_pair(&input, opener), find_pair(&input, opener)), (false, None));
            for place in 0..length {
                input[place] = b'%';
                assert_eq!(find(&input, upper), Some(place), "{place} of {length}");
                input[place] = b'#';
                assert_eq!(find_pair(&input, opener), place.checked_sub(1), "{place} of {length}");
                input[place] = b'a';
            }
        }
    }

    #[test]
    fn bounds_of_a_range_belong_to_it() {
        let hit: Vec<u8> = (0..=255).filter(|&byte| within(byte, 0x80, 0xff) == 0).collect();
        assert_eq!(hit, (0x80..=0xff).collect::<Vec<u8>>());
        let hit: Vec<u8> = (0..=255).filter(|&byte| within(byte, 9, 13) == 0).collect();
        assert_eq!(hit, [9, 10, 11, 12, 13]);
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_loop_finds(input in proptest::collection::vec(
            prop_oneof![8 => Just(b'a'), 1 => Just(b'/'), 1 => Just(b'*'), 1 => 0..=255_u8], 0..200,
        )) {
            let single = input.iter().position(|&byte| is_upper(byte));
            prop_assert_eq!(find(&input, upper), single);
            prop_assert_eq!(any(&input, upper), single.is_some());
            let pair = input.windows(2).position(is_opener);
            prop_assert_eq!(find_pair(&input, opener), pair);
            prop_assert_eq!(any_pair(&input, opener), pair.is_some());
        }
    }
}
