//! `share`: links to the page for the domain owner.

use super::{now, print};
use crate::api::Api;
use crate::arguments::{EndpointName, Format, Share, ShareId};
use crate::render;
use crate::terminal::error::CliError;
use crate::terminal::output::shell_word;
use crate::terminal::result::write_result;

/// Digits of a SHA-256 in hexadecimal.
const WHOLE_ID: usize = 64;

pub(super) async fn share(api: &Api, command: &Share) -> Result<(), CliError> {
    let name = &command.named.endpoint;
    let format = command.output.format;
    if let Some(start) = &command.revoke {
        let id = whole_id(api, name, start).await?;
        api.revoke_share(name, &id).await?;
        return match format {
            // The API answers with nothing.
            Format::Json => Ok(()),
            Format::Table => write_result(&format!("The link {id} is revoked.\n")),
        };
    }
    let word = shell_word(name.as_str());
    if command.list {
        let list = api.shares(name).await?;
        return print(format, &list.json["shares"], |style| render::shares(style, &list.seen.shares, &word, now()));
    }
    let made = api.share(name, command.expires).await?;
    if command.mail && format == Format::Table {
        let mail = render::mail(&made.json).ok_or_else(|| {
            CliError::new(
                "There is no message to print.",
                "The API is of an earlier release, without messages.",
                format!("Send the link itself: {}", made.seen.url),
            )
        })?;
        return write_result(&mail);
    }
    print(format, &made.json, |_| render::new_share(&made.seen, &word, now()))
}

/// The id that begins with `start`, if there is exactly one.
async fn whole_id(api: &Api, name: &EndpointName, start: &ShareId) -> Result<String, CliError> {
    if start.as_str().len() == WHOLE_ID {
        return Ok(start.as_str().to_owned());
    }
    let list = api.shares(name).await?.seen;
    let found: Vec<_> =
        list.shares.into_iter().map(|share| share.id).filter(|id| id.starts_with(start.as_str())).collect();
    match <[String; 1]>::try_from(found) {
        Ok([id]) => Ok(id),
        Err(found) => Err(CliError::new(
            "Nothing was revoked.",
            format!("{} links of {} have an id that begins with {}.", found.len(), name.as_str(), start.as_str()),
            format!("List the ids: managed-https share {} --list", shell_word(name.as_str())),
        )),
    }
}
