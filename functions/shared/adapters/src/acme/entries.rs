//! The entries of a CA's directory that every order needs (RFC 8555 §7.1.1).

use http::Uri;
use serde::Deserialize;

/// Error text for an answer without them.
pub(super) const UNUSABLE: &str = "what the CA sends as its directory has no URLs of newNonce, newAccount and newOrder";

/// What every request needs. Written as the `http` crate writes a URL, so that they can be compared.
#[derive(Debug)]
pub(super) struct Entries {
    pub new_nonce: Uri,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    new_nonce: String,
    new_account: String,
    new_order: String,
}

impl Entries {
    /// The entries of the directory `body`; `None` if one is missing or is not a usable URL.
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(body).ok()?;
        callable(&document.new_account)?;
        callable(&document.new_order)?;
        Some(Self { new_nonce: callable(&document.new_nonce)? })
    }
}

fn callable(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let called = matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some_and(|host| !host.is_empty());
    called.then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_directory_is_usable_where_each_of_its_urls_can_be_called() {
        let good = json!({
            "newNonce": "https://CA.test:14000/nonce", "newAccount": "http://ca.test/account",
            "newOrder": "https://ca.test/order", "meta": {},
        });
        let entries = Entries::of(good.to_string().as_bytes()).expect("usable");
        assert_eq!(entries.new_nonce.path(), "/nonce");
        for name in ["newNonce", "newAccount", "newOrder"] {
            for bad in [json!("ftp://ca.test/x"), json!("https://"), json!("/x"), json!("ca.test"), json!(""), json!(7)]
            {
                let mut directory = good.clone();
                directory[name] = bad.clone();
                assert!(Entries::of(directory.to_string().as_bytes()).is_none(), "{name} {bad}");
            }
            let mut directory = good.clone();
            directory.as_object_mut().expect("an object").remove(name);
            assert!(Entries::of(directory.to_string().as_bytes()).is_none(), "without {name}");
        }
        for bad in ["", "{", "[]", "<html>", "null"] {
            assert!(Entries::of(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
