//! How people sign in to the pages, and stay signed in.

pub(crate) mod claims;
pub mod code_flow;
pub mod identity;
pub(crate) mod pages;
pub mod session;
