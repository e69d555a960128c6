//! The body of an answer, as far as the CA reads it.

use std::io::Read;

use diagnosis::facts::ProbeFault;
use diagnosis::http01::rules::LONGEST_BODY;
use flate2::read::MultiGzDecoder;
use http::header::CONTENT_ENCODING;
use reqwest::Response;

use crate::http_fault::innermost;

/// Octets of a compressed body that are read: only the first few decompressed ones count.
const LONGEST_PACKED: usize = 4096;

/// The body, decompressed if it is gzip as the CA requests it, and cut where the CA stops.
pub(super) async fn read(response: Response) -> Result<String, ProbeFault> {
    let encoding = response.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
    let packed = encoding.as_deref() == Some(b"gzip");
    let mut body = octets(response, if packed { LONGEST_PACKED } else { LONGEST_BODY }).await?;
    if packed {
        body = unpacked(&body).map_err(|error| ProbeFault::Broken(format!("it is no gzip ({error})")))?;
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

async fn octets(mut response: Response, most: usize) -> Result<Vec<u8>, ProbeFault> {
    let mut body = Vec::new();
    while body.len() < most {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => {
                let error = error.without_url();
                return Err(ProbeFault::Broken(innermost(&error).unwrap_or_else(|| error.to_string())));
            }
        }
    }
    body.truncate(most);
    Ok(body)
}

fn unpacked(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    MultiGzDecoder::new(packed).take(LONGEST_BODY as u64).read_to_end(&mut body)?;
    Ok(body)
}
