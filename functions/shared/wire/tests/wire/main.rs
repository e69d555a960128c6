//! The wire as JSON: what is sent, and what is read of it by the other side, older or younger.

mod reading;
mod requests;
mod samples;
