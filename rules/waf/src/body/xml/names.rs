//! Which characters XML knows, and which of them names are made of (XML 1.0, fifth edition, sections 2.2 and 2.3).

/// Bytes of the name at the start of `text`, 0 if there is none.
pub(super) fn length(text: &str) -> usize {
    let starts = text.chars().next().is_some_and(is_name_start);
    if !starts {
        return 0;
    }
    text.find(|character| !is_name_character(character)).unwrap_or(text.len())
}

/// Whether a document may contain it at all. Surrogates are no characters for Rust either.
pub(super) fn is_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn is_name_start(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '_' | ':' => true,
        '\0'..='\x7f' => false,
        _ => matches!(
            character,
            '\u{c0}'..='\u{d6}'
                | '\u{d8}'..='\u{f6}'
                | '\u{f8}'..='\u{2ff}'
                | '\u{370}'..='\u{37d}'
                | '\u{37f}'..='\u{1fff}'
                | '\u{200c}'..='\u{200d}'
                | '\u{2070}'..='\u{218f}'
                | '\u{2c00}'..='\u{2fef}'
                | '\u{3001}'..='\u{d7ff}'
                | '\u{f900}'..='\u{fdcf}'
                | '\u{fdf0}'..='\u{fffd}'
                | '\u{10000}'..='\u{effff}'
        ),
    }
}

fn is_name_character(character: char) -> bool {
    is_name_start(character)
        || matches!(
            character,
            '0'..='9'
                | '-'
                | '.'
                | '\u{b7}'
                | '\u{300}'..='\u{36f}'
                | '\u{203f}'..='\u{2040}'
        )
}
