//! `/clusters`: endpoints and how they do.
