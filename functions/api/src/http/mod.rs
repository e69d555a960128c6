//! What every request and every answer have in common.

pub(crate) mod base;
pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod openapi;
pub(crate) mod parameters;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod reader;
