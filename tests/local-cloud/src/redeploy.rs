//! A function of a running cloud gets the program that was built last.

use std::path::Path;

use anyhow::{Context, Result};
use aws_sdk_lambda::primitives::Blob;
use tokio::task::spawn_blocking;

use crate::cloud::LocalCloud;
use crate::layout::Project;
use crate::packed;

impl LocalCloud {
    /// Puts `program` in the place of the code of `function`: `open-order`. The next invocation runs it.
    pub async fn redeploy(&self, function: &str, program: &Path) -> Result<()> {
        let name = self.resource(&logical_id(function))?;
        let project = Project::find()?;
        let archive = self.file(&format!("tmp/{function}.zip"));
        let pair = (archive.clone(), program.to_owned());
        spawn_blocking(move || packed::zip(&project, &[pair])).await??;
        let code = Blob::new(std::fs::read(&archive).with_context(|| format!("reading {}", archive.display()))?);
        let update = self.aws().lambda.update_function_code().function_name(name).zip_file(code);
        update.send().await.with_context(|| format!("UpdateFunctionCode {name}"))?;
        Ok(())
    }
}

/// The function's name in the template: `OpenOrderFunction`.
fn logical_id(function: &str) -> String {
    let words = function.split('-').filter_map(|word| word.split_at_checked(1));
    words.map(|(first, rest)| first.to_ascii_uppercase() + rest).collect::<String>() + "Function"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_the_name_of_its_folder_in_the_template() {
        assert_eq!(logical_id("open-order"), "OpenOrderFunction");
        assert_eq!(logical_id("api"), "ApiFunction");
    }
}
