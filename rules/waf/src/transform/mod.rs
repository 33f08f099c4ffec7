//! Transformations: what `t:` names.
