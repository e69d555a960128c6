//! Which installation sends an event, for the people who read it.

/// The folders of the documentation that our texts refer to.
const PAGES: [&str; 2] = ["how-to", "runbooks"];

/// One installation, as messages name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    pub stack: String,
    /// Absent where it is unknown.
    pub account: Option<String>,
    pub region: Option<String>,
    /// Base URL of the runbooks; absent if a mail cannot link to them.
    pub runbooks: Option<String>,
}

impl Sender {
    /// The text with the URLs of documentation pages, which it names by their paths: only where the runbooks are served from
    /// the same folder as here.
    pub(super) fn linking(&self, text: &str) -> String {
        let runbooks = self.runbooks.as_deref().map(|base| base.trim_end_matches('/'));
        match runbooks.and_then(|base| base.strip_suffix("docs/runbooks")) {
            Some(root) => PAGES.iter().fold(text.to_owned(), |text, folder| {
                let at = format!("docs/{folder}/");
                text.replace(&at, &format!("{root}{at}"))
            }),
            None => text.to_owned(),
        }
    }

    /// `production, account 123456789012, region eu-central-1`
    pub(super) fn in_words(&self) -> String {
        let account = self.account.as_ref().map(|account| format!(", account {account}"));
        let region = self.region.as_ref().map(|region| format!(", region {region}"));
        format!("{}{}{}", self.stack, account.unwrap_or_default(), region.unwrap_or_default())
    }
}
