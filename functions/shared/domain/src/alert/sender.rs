//! Which installation sends an event, for the people who read it.

/// One installation, as messages name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    pub stack: String,
    /// Absent where it is unknown.
    pub account: Option<String>,
    pub region: Option<String>,
    /// Base URL of the runbooks; absent where they have none that a mail could open.
    pub runbooks: Option<String>,
}

impl Sender {
    /// `production, account 123456789012, region eu-central-1`
    pub(super) fn in_words(&self) -> String {
        let account = self.account.as_ref().map(|account| format!(", account {account}"));
        let region = self.region.as_ref().map(|region| format!(", region {region}"));
        format!("{}{}{}", self.stack, account.unwrap_or_default(), region.unwrap_or_default())
    }
}
