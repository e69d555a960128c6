//! Against local servers with one answer each.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};

use diagnosis::http01::Refused;
use diagnosis::http01::mark::seen;
use diagnosis::http01::rules::LONGEST_BODY;

use super::*;
use crate::dns::{Dns, Roots};

const TOKEN: &str = "tok-EN_1";
const EXPECTED: &str = "tok-EN_1.thumb";

/// Answers every request with the result of `answer` for its own port.
fn serve(answer: impl Fn(u16) -> Vec<u8>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let answer = answer(port);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 2048];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&answer);
        }
    });
    port
}

fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn moved(status: u16, location: &str) -> Vec<u8> {
    let location = if location.is_empty() { String::new() } else { format!("location: {location}\r\n") };
    format!("HTTP/1.1 {status} Moved\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

fn host() -> DomainName {
    "shop.example.com".parse().expect("a name")
}

async fn observe_at(port: u16) -> HttpObservation {
    observe_url(&format!("http://127.0.0.1:{port}/.well-known/acme-challenge/{TOKEN}"), port).await
}

async fn observe_url(url: &str, port: u16) -> HttpObservation {
    let nobody = Roots::Own { servers: vec![[127, 0, 0, 1].into()], trust: None };
    let dns = Dns::from_roots(nobody, 1, Vec::new());
    let reach = Reach::new(dns, vec!["127.0.0.0/8".parse().expect("a network")]);
    Probe::new(reach, port).observe_url(url.parse().expect("a URL"), &host(), TOKEN, EXPECTED).await
}

async fn observe(answer: Vec<u8>) -> HttpObservation {
    observe_at(serve(|_| answer.clone())).await
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

#[tokio::test]
async fn the_right_body_is_accepted_as_it_is_and_packed() {
    for answer in [
        ok("", EXPECTED.as_bytes()),
        ok("", format!("{EXPECTED}\r\n").as_bytes()),
        ok("content-encoding: gzip\r\n", &packed(EXPECTED)),
        ok("content-encoding: GZIP\r\n", &packed(EXPECTED)),
        // HTTP/1.0 without a Content-Length.
        format!("HTTP/1.0 200 OK\r\n\r\n{EXPECTED}").into_bytes(),
    ] {
        let observed = observe(answer).await;
        assert!(observed.is_as_expected(), "{observed:?}");
    }
}

#[tokio::test]
async fn what_the_ca_refuses_is_refused() {
    let mut padded = EXPECTED.to_owned();
    padded.push_str(&" ".repeat(LONGEST_BODY));
    for answer in [
        ok("", format!("\u{feff}{EXPECTED}").as_bytes()),
        ok("", padded.as_bytes()),
        ok("content-encoding: gzip\r\n", &packed(&padded)),
        ok("content-encoding: gzip\r\n", EXPECTED.as_bytes()),
        format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{EXPECTED}", EXPECTED.len()).into_bytes(),
        moved(302, ""),
    ] {
        let observed = observe(answer).await;
        assert!(!observed.is_as_expected() && observed.is_certain(), "{observed:?}");
    }
}

#[tokio::test]
async fn no_more_of_a_body_is_read_than_the_ca_reads() {
    for answer in [ok("", &[b'x'; 100_000]), ok("content-encoding: gzip\r\n", &packed(&"x".repeat(100_000)))] {
        let ProbeAnswer::Body(body) = observe(answer).await.answer else { panic!("it has a body") };
        assert_eq!(body.len(), LONGEST_BODY);
    }
}

#[tokio::test]
async fn redirects_are_noted_with_their_status_and_without_the_token() {
    let goal = serve(|_| ok("", EXPECTED.as_bytes()));
    // The port stands for 80; a redirect may lead to no other port but 443.
    let same = serve(|port| moved(301, &format!("http://127.0.0.1:{port}/other/{TOKEN}")));
    let observed = observe_at(same).await;
    assert_eq!(observed.answer, ProbeAnswer::Failed(ProbeFault::RefusedRedirect(Refused::Circle)), "it repeats itself");
    let hops: Vec<_> = observed.redirects.iter().map(|hop| (hop.status, hop.to.clone(), hop.host.as_str())).collect();
    assert_eq!(hops.len(), 2);
    assert_eq!(hops[0], (301, format!("http://127.0.0.1:{same}/other/…"), "127.0.0.1"));

    let to_a_port = observe(moved(302, &format!("http://127.0.0.1:{goal}/"))).await;
    assert_eq!(to_a_port.answer, ProbeAnswer::Failed(ProbeFault::RefusedRedirect(Refused::Port(goal))));
    let see_other = observe(moved(303, "/elsewhere")).await;
    assert_eq!(see_other.answer, ProbeAnswer::Failed(ProbeFault::RefusedRedirect(Refused::Status)));
    assert_eq!(see_other.redirects[0].status, 303);
    let private: IpAddr = "10.1.2.3".parse().expect("an address");
    let observed = observe(moved(302, "http://10.1.2.3/")).await;
    assert_eq!(observed.answer, ProbeAnswer::Failed(ProbeFault::RefusedRedirect(Refused::NotPublic(private))));
}

#[tokio::test]
async fn the_mark_says_for_which_host_the_request_arrived() {
    let marked = |seen: &str| {
        let headers = format!("{PLATFORM_HEADER}: challenge\r\n{SEEN_HEADER}: {seen}\r\n");
        format!("HTTP/1.1 404 Not Found\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
    };
    assert_eq!(observe(marked(&seen(Some(&host()), Some(TOKEN)))).await.mark, Some(Mark::Asked));
    let other = observe(marked(&seen(Some(&"www.example.com".parse().expect("a name")), Some(TOKEN)))).await;
    assert_eq!(other.mark, Some(Mark::OtherHost("www.example.com".into())));
    assert!(!other.reaches_platform());
    assert_eq!(observe(ok("", b"hello")).await.mark, None);
}

#[tokio::test]
async fn a_closed_port_is_reported_with_its_address() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free").local_addr().expect("it is bound").port();
    let ProbeAnswer::Failed(ProbeFault::NoConnection(why)) = observe_at(closed).await.answer else {
        panic!("nobody listens there")
    };
    assert!(why.starts_with(&format!("127.0.0.1 at port {closed}: ")) && !why.contains(TOKEN), "{why}");
}

/// Slower than this process once waited, but within the CA's time.
#[tokio::test]
async fn a_host_that_takes_seven_seconds_is_in_time() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("one request");
        let _ = stream.read(&mut [0; 2048]);
        #[expect(clippy::disallowed_methods, reason = "it plays a host that is slow")]
        std::thread::sleep(Duration::from_secs(7));
        let _ = stream.write_all(&ok("", EXPECTED.as_bytes()));
    });
    assert!(observe_at(port).await.is_as_expected());
}

#[tokio::test]
async fn a_host_that_never_answers_is_reported_with_the_time() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let observed = observe_at(port).await;
    assert_eq!(observed.answer, ProbeAnswer::Failed(ProbeFault::TimedOut(10)));
    drop(listener);
}

#[tokio::test]
async fn an_answer_that_ends_too_soon_is_broken() {
    let observed = observe(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort".to_vec()).await;
    assert!(matches!(observed.answer, ProbeAnswer::Failed(ProbeFault::Broken(_))), "{observed:?}");
}

/// H16: Boulder follows a redirect to HTTPS, whoever signed the certificate there.
#[tokio::test]
async fn a_redirect_to_an_untrusted_certificate_is_followed() {
    let signed = rcgen::generate_simple_self_signed(vec!["other.example.com".to_owned()]).expect("in memory");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key.into())
        .expect("they belong together");
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (stream, _) = listener.accept().await.expect("somebody comes");
        let mut stream = acceptor.accept(stream).await.expect("TLS");
        let mut request = [0; 2048];
        let _ = stream.read(&mut request).await;
        stream.write_all(&ok("", EXPECTED.as_bytes())).await.expect("it is read");
        let _ = stream.shutdown().await;
    });
    let observed = observe_url(&format!("https://127.0.0.1:{port}/{TOKEN}"), port).await;
    assert!(observed.is_as_expected(), "{observed:?}");
}
