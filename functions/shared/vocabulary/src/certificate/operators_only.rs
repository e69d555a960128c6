//! The parts of the platform that only its operators see: tenants do not see where in AWS it runs.

use std::collections::BTreeSet;

use crate::certificate::arn::AccountId;

/// The replacement for hidden text.
pub const FOR_OPERATORS: &str = "(shown to operators)";

/// The accounts of the platform, which texts for tenants must not name, just as ARNs.
#[derive(Clone, Debug, Default)]
pub struct OperatorsOnly {
    accounts: BTreeSet<AccountId>,
}

impl OperatorsOnly {
    pub fn new(accounts: impl IntoIterator<Item = AccountId>) -> Self {
        Self { accounts: accounts.into_iter().collect() }
    }

    /// `text` as a tenant sees it: without ARNs, the platform's accounts and the accounts in its ARNs.
    ///
    /// Also works on JSON and HTML: an ARN ends before quotes, brackets and escapes.
    pub fn hidden_in(&self, text: &str) -> String {
        let mut accounts: BTreeSet<&str> = self.accounts.iter().map(AccountId::as_str).collect();
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(at) = rest.find("arn:aws") {
            let arn = arn_at(&rest[at..]);
            let inside_a_word = rest[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            out.push_str(&rest[..at]);
            // A truncated ARN is hidden, too.
            if inside_a_word || arn.split(':').count() < 3 {
                out.push_str(arn);
            } else {
                accounts.extend(arn.split(':').nth(4).filter(|account| is_account(account)));
                out.push_str(FOR_OPERATORS);
            }
            rest = &rest[at + arn.len()..];
        }
        out.push_str(rest);
        accounts.into_iter().fold(out, |text, account| without_number(&text, account))
    }
}

/// The ARN that `text` begins with; a sentence may continue after it.
fn arn_at(text: &str) -> &str {
    let part_of_one = |c: char| c.is_ascii_alphanumeric() || "-_:/+=,.@*".contains(c);
    let end = text.find(|c| !part_of_one(c)).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ',', ':'])
}

fn is_account(text: &str) -> bool {
    text.parse::<AccountId>().is_ok()
}

/// Replaces `number`, except as part of a longer number or of a word.
fn without_number(text: &str, number: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(number) {
        let (before, after) = (&rest[..at], &rest[at + number.len()..]);
        let alone = !before.ends_with(|c: char| c.is_ascii_alphanumeric())
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric());
        out.push_str(before);
        out.push_str(if alone { FOR_OPERATORS } else { number });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        OperatorsOnly::new(["123456789012".parse().expect("an account")]).hidden_in(text)
    }

    #[test]
    fn no_arn_stays_in_a_text_and_the_sentence_around_it_does() {
        for (text, shown) in [
            (
                "User: arn:aws:sts::444455556666:assumed-role/a+b/i-0 is not authorized",
                "User: (shown to operators) is not authorized",
            ),
            (
                "The listener arn:aws-cn:elasticloadbalancing:cn-north-1:1:listener/app/a/b/c, of arn:aws:acm:r:1:certificate/x.",
                "The listener (shown to operators), of (shown to operators).",
            ),
            (r#"{"arn":"arn:aws:acm:eu-central-1:1:certificate/x","n":1}"#, r#"{"arn":"(shown to operators)","n":1}"#),
            (r#"{"d":"{\"arn\":\"arn:aws:iam::1:role/x\"}"}"#, r#"{"d":"{\"arn\":\"(shown to operators)\"}"}"#),
            (
                "<b title=\"arn:aws:iam::1:role/x\">arn:aws:iam::1:role/x</b>",
                "<b title=\"(shown to operators)\">(shown to operators)</b>",
            ),
            ("arn:aws:s3:::bucket/* and arn:aws:iam::4444…", "(shown to operators) and (shown to operators)…"),
        ] {
            assert_eq!(hidden(text), shown);
        }
    }

    #[test]
    fn the_platforms_accounts_are_hidden_and_so_are_those_of_an_arn_beside_them() {
        assert_eq!(hidden("in account 123456789012, region r"), "in account (shown to operators), region r");
        assert_eq!(
            hidden("arn:aws:iam::444455556666:role/x is of 444455556666."),
            "(shown to operators) is of (shown to operators)."
        );
    }

    #[test]
    fn what_is_not_the_platforms_stays() {
        for text in [
            "shop-123456789012345.example.com",
            "the serial 0A123456789012",
            "https://ca.example/acct/444455556666",
            "Barn:aws:iam and arn:aws",
            "größer → ✓ arn",
            "",
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
