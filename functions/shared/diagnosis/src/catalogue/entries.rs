//! The entries, in the order of [`Check`](crate::catalogue::check::Check): what each is, who is waited on, the next step.

mod ca;
mod caa;
mod delegation;
mod host;
mod http;
mod persistent;
mod zone;

use crate::catalogue::check::Entry;

const COUNT: usize = 45;

/// In the order of [`Check`](crate::catalogue::check::Check).
pub const CATALOGUE: [Entry; COUNT] = {
    let kinds: [&[Entry]; 7] =
        [&zone::ZONE, &delegation::DELEGATION, &persistent::PERSISTENT, &caa::CAA, &host::HOST, &http::HTTP, &ca::CA];
    let mut all = [zone::ZONE[0]; COUNT];
    let (mut kind, mut at) = (0, 0);
    while kind < kinds.len() {
        let mut entry = 0;
        while entry < kinds[kind].len() {
            all[at] = kinds[kind][entry];
            (entry, at) = (entry + 1, at + 1);
        }
        kind += 1;
    }
    all
};
