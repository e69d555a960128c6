//! `limits`: what a tenant may have and ask for.

use super::print;
use crate::api::Api;
use crate::arguments::Limits;
use crate::render;
use crate::terminal::error::CliError;

pub(super) async fn limits(api: &Api, command: &Limits) -> Result<(), CliError> {
    let limits = api.limits(command.tenant.as_deref()).await?;
    print(command.output.format, &limits.json, |style| render::limits(style, &limits.seen))
}
