//! The API over the in-memory ports, through its router.

mod bench;
mod browsers;
mod callers;
mod changing;
mod checking;
mod curl;
mod deploying;
mod documents;
mod history;
mod limiting;
mod links;
mod listing;
mod muting;
mod operators_only;
mod pooling;
mod protocol;
mod registering;
mod revoking;
mod tenants;
mod waiting;
