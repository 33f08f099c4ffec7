//! foxtrot: an edge data-plane proxy.

pub mod config;
