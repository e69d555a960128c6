//! The wire format as JSON: what is sent, and how the other side, older or newer, reads it.

mod reading;
mod requests;
mod samples;
