//! Request bodies, and the variables that are in them.
