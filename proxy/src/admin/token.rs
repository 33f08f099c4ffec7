//! The bearer token that callers must carry.

use std::{env, fmt, fs, hint::black_box, io, path::PathBuf, sync::Arc};

use arc_swap::ArcSwapOption;

use crate::config::Secret;

/// The token in force; clones share it. Without one every caller is let in.
#[derive(Debug, Clone, Default)]
pub struct TokenSource(Arc<ArcSwapOption<Token>>);

/// A token: visible ASCII, at least one character.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<[u8]>);

/// Why there is no token to be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The environment variable is not set, or not text.
    #[error("environment variable {name}: {source}")]
    Environment {
        /// Its name.
        name: String,
        /// Why.
        source: env::VarError,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Neither `env` nor `file` is given, or both.
    #[error("a secret needs exactly one of `env` and `file`")]
    NoReference,
    /// No header field could carry it.
    #[error("a token must be visible ASCII characters, one at least")]
    Unusable,
}

impl TokenSource {
    /// Demands another token from now on, or none.
    pub fn set(&self, token: Option<Token>) {
        self.0.store(token.map(Arc::new));
    }

    /// The token in force.
    pub(super) fn load(&self) -> Option<Arc<Token>> {
        self.0.load_full()
    }
}

impl Token {
    /// Reads what a reference leads to. White space at its ends is not part of it.
    ///
    /// # Errors
    /// There is nothing, or nothing that a header field could carry.
    pub fn read(secret: &Secret) -> Result<Self, TokenError> {
        let text = match (&secret.env, &secret.file) {
            (Some(name), None) => env::var(name)
                .map_err(|source| TokenError::Environment { name: name.clone(), source })?,
            (None, Some(path)) => fs::read_to_string(path)
                .map_err(|source| TokenError::File { path: path.clone(), source })?,
            _ => return Err(TokenError::NoReference),
        };
        Self::new(text.trim())
    }

    /// A token as it is.
    ///
    /// # Errors
    /// No header field could carry it.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Unusable);
        }
        Ok(Self(text.as_bytes().into()))
    }

    /// Compares in a time that depends on the length of `presented` alone, which its sender knows.
    pub(super) fn is(&self, presented: &[u8]) -> bool {
        let mut difference = u8::from(presented.len() != self.0.len());
        for (byte, own) in presented.iter().zip(self.0.iter().cycle()) {
            difference |= black_box(byte ^ own);
        }
        black_box(difference) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_passes() {
        let token = Token::new("abc").unwrap();
        assert!(token.is(b"abc"));
        for wrong in [&b""[..], b"ab", b"abd", b"abcabc", b"abca", b"ABC"] {
            assert!(!token.is(wrong));
        }
        assert_eq!(format!("{token:?}"), "Token(..)");
    }

    #[test]
    fn a_file_is_trimmed_and_must_hold_something() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let secret = Secret { env: None, file: Some(file.clone()) };
        assert!(matches!(Token::read(&secret), Err(TokenError::File { .. })));
        fs::write(&file, "\n s3cret\n").unwrap();
        assert_eq!(Token::read(&secret).unwrap(), Token::new("s3cret").unwrap());
        for unusable in ["", "\n", "two words", "\u{e9}"] {
            fs::write(&file, unusable).unwrap();
            assert!(matches!(Token::read(&secret), Err(TokenError::Unusable)), "{unusable:?}");
        }
    }

    #[test]
    fn a_reference_is_one_of_the_two() {
        let env = Some("FOXTROT_NO_SUCH_VARIABLE".to_owned());
        let both = Secret { env: env.clone(), file: Some("token".into()) };
        for secret in [both, Secret::default()] {
            assert!(matches!(Token::read(&secret), Err(TokenError::NoReference)));
        }
        let unset = Secret { env, file: None };
        assert!(matches!(Token::read(&unset), Err(TokenError::Environment { .. })));
    }
}
