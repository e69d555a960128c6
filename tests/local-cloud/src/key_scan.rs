//! Looks for private keys where none may be: in all that the emulated AWS keeps, and in the logs of a cloud.
//!
//! Each key that the functions make is a PKCS#8 document of ECDSA P-256, whose first 36 octets are always the same: a
//! canary that every key carries, in whatever encoding it gets out.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

use crate::layout::CloudFolder;

/// RFC 5958, RFC 5915: the version, `ecPublicKey` over `prime256v1`, and where the private number begins.
const HEAD: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
];
/// All of a large cloud's state is searched in a second or two.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a key looks like in text.
pub(crate) fn marks() -> Vec<String> {
    let mut marks = vec!["PRIVATE KEY-----".to_owned()];
    // Base64 of something that the key stands in: at each of three places, and without what its neighbours decide.
    for before in 0..3 {
        let octets = [vec![0; before], HEAD.to_vec()].concat();
        for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
            let text = engine.encode(&octets);
            let (first, whole) = ((before * 8).div_ceil(6), octets.len() / 3 * 4);
            marks.push(text[first..whole].to_owned());
        }
    }
    let hex: String = HEAD.iter().map(|octet| format!("{octet:02x}")).collect();
    marks.extend([hex.to_uppercase(), hex]);
    let numbers: Vec<String> = HEAD.iter().map(u8::to_string).collect();
    marks.extend([numbers.join(","), numbers.join(", ")]);
    marks.sort();
    marks.dedup();
    marks
}

/// Where a private key stands in the clear in the state of a cloud that runs, and in its logs: none, if all is well.
///
/// # Errors
///
/// The state cannot be asked for.
pub(crate) fn keys_in_the_open(folder: &CloudFolder) -> Result<Vec<String>> {
    let marks = marks();
    let mut found = in_state(&folder.state_socket(), &marks)?;
    let logs = fs::read_dir(folder.file("logs")).context("the logs")?;
    for log in logs.flatten() {
        let text = fs::read(log.path()).with_context(|| format!("reading {}", log.path().display()))?;
        let text = String::from_utf8_lossy(&text);
        if marks.iter().any(|mark| text.contains(mark.as_str())) {
            found.push(log.path().display().to_string());
        }
    }
    Ok(found)
}

fn in_state(socket: &Path, marks: &[String]) -> Result<Vec<String>> {
    let mut stream = UnixStream::connect(socket).with_context(|| format!("no state at {}", socket.display()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{}\n", serde_json::to_string(marks)?).as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_to_string(&mut answer).context("the state was not searched in time")?;
    serde_json::from_str(&answer).context("what the search of the state says")
}

/// Fails, naming where, if a private key stands anywhere in the open.
pub(crate) fn expect_no_keys(folder: &CloudFolder) -> Result<()> {
    match keys_in_the_open(folder)?.as_slice() {
        [] => Ok(()),
        found => bail!("a private key stands in the clear in: {}", found.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

    use super::*;

    #[test]
    fn every_key_is_recognised_in_whatever_encoding_it_gets_out() {
        let marks = marks();
        let is_marked = |text: &str| marks.iter().any(|mark| text.contains(mark.as_str()));
        for _ in 0..20 {
            let key =
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).expect("a key");
            let key = key.as_ref();
            for before in 0..5 {
                let inside = [&b"abcde"[..before], key, b"after"].concat();
                for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
                    assert!(is_marked(&engine.encode(&inside)), "after {before} octets");
                }
            }
            let hex: String = key.iter().map(|octet| format!("{octet:02x}")).collect();
            assert!(is_marked(&hex) && is_marked(&hex.to_uppercase()));
            assert!(is_marked(&format!("{key:?}")) && is_marked(&serde_json::to_string(key).expect("JSON")));
        }
        let pem = rcgen::KeyPair::generate().expect("a key").serialize_pem();
        assert!(is_marked(&pem) && is_marked(&pem.replace('\n', "\\n")));
    }

    #[test]
    fn a_certificate_is_no_key() {
        let marks = marks();
        let certificate = rcgen::generate_simple_self_signed(["www.shop.test".to_owned()]).expect("a certificate").cert;
        for text in [certificate.pem(), BASE64_STANDARD.encode(certificate.der()), format!("{:?}", certificate.der())] {
            assert!(!marks.iter().any(|mark| text.contains(mark.as_str())));
        }
    }
}
