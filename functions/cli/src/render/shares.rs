//! Links to the page for the domain's owner.

use comfy_table::Cell;
use time::OffsetDateTime;
use vocabulary::times::{relative, timestamp};
use wire::{NewShare, Share};

use super::{keep_whole, table, text_of};
use crate::terminal::output::Look;

/// Digits of an id that tell links apart, and that `--revoke` takes.
const SHORT_ID: usize = 12;

fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// The URL alone on the first line, to be copied; then what it is.
pub(crate) fn new_share(made: &NewShare, name: &str, now: OffsetDateTime) -> String {
    let NewShare { share, url } = made;
    format!(
        "{url}\n\nWhoever has this link sees the records of {name}, and what was found, until\n{}. It is not shown again.\n\
         Revoke it: managed-https share {name} --revoke {}\n",
        timestamp(share.expires_at, now),
        short(&share.id)
    )
}

pub(crate) fn shares(look: Look, shares: &[Share], name: &str, now: OffsetDateTime) -> String {
    if shares.is_empty() {
        return format!("There are no links. Make one: managed-https share {name}\n");
    }
    let mut table = table(look, &["ID", "EXPIRES", "MADE", "BY"]);
    for share in shares {
        table.add_row([
            Cell::new(short(&share.id)),
            Cell::new(relative(share.expires_at, now)),
            Cell::new(relative(share.created_at, now)),
            Cell::new(&share.created_by.who),
        ]);
    }
    keep_whole(&mut table, 3);
    text_of(&table) + &format!("\nRevoke one: managed-https share {name} --revoke ID\n")
}
