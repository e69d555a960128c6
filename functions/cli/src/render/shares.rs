//! Links to the page for the domain owner.

use comfy_table::Cell;
use serde_json::Value;
use time::OffsetDateTime;
use vocabulary::times::{relative, timestamp};
use wire::{NewShare, Share};

use super::{keep_whole, narrow, table, text_of};
use crate::terminal::output::{Style, harmless};

/// Digits of an id that distinguish links, and that `--revoke` takes.
const SHORT_ID: usize = 12;

fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// The URL alone on the first line, to be copied; then what it is.
pub(crate) fn new_share(made: &NewShare, name: &str, now: OffsetDateTime) -> String {
    let NewShare { share, url, .. } = made;
    format!(
        "{url}\n\nThis link opens the page with the records of {name}, without sign-in. It expires\n{} and is not shown again.\n\
         Revoke it: managed-https share {name} --revoke {}\n",
        timestamp(share.expires_at, now),
        short(&share.id)
    )
}

/// A message to send, as a mail program takes it; `None` from an API that writes none. Of the object as it came, as its text
/// has lines.
pub(crate) fn mail(made: &Value) -> Option<String> {
    let text = |field: &str| made.pointer(&format!("/mail/{field}")).and_then(Value::as_str);
    let body: Vec<_> = text("body")?.trim_end().lines().map(harmless).collect();
    Some(format!("Subject: {}\n\n{}\n", harmless(text("subject")?), body.join("\n")))
}

pub(crate) fn shares(style: Style, shares: &[Share], name: &str, now: OffsetDateTime) -> String {
    if shares.is_empty() {
        return format!("No links. Create one: managed-https share {name}\n");
    }
    let mut table = table(style, &["ID", "EXPIRES", "CREATED", "BY"]);
    for share in shares {
        table.add_row([
            Cell::new(short(&share.id)),
            Cell::new(relative(share.expires_at, now)),
            Cell::new(relative(share.created_at, now)),
            Cell::new(&share.created_by.who),
        ]);
    }
    keep_whole(&mut table, 4);
    narrow(&mut table, style, 3);
    text_of(&table) + &format!("\nRevoke one: managed-https share {name} --revoke ID\n")
}
