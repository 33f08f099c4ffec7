//! Injections that no pattern finds well: SQL and HTML, told by their tokens.
