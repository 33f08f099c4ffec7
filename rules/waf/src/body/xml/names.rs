//! Which characters XML knows, and which of them names are made of (XML 1.0, fifth edition, sections 2.2 and 2.3).

/// Bytes of the name at the start of `text`, 0 if there is none.
pub(super) fn length(text: &str) -> usize {
    if !text.chars().next().is_some_and(is_name_start) {
        return 0;
    }
    let ascii = text.bytes().position(|byte| !is_ascii_name_byte(byte)).unwrap_or(text.len());
    match text.get(ascii..) {
        Some(rest) if !rest.starts_with(|character: char| character.is_ascii()) => {
            ascii + rest.find(|character| !is_name_character(character)).unwrap_or(rest.len())
        }
        _ => ascii,
    }
}

/// Whether a document may contain it at all. Surrogates are no characters for Rust either.
pub(super) fn is_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn is_ascii_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.')
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
