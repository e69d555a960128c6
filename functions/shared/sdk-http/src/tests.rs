use std::net::SocketAddr;

use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

/// Answers each request of a connection with `answer`, and reports each new connection.
async fn server(answer: &'static [u8]) -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (made, connections) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let _ = made.send(());
            tokio::spawn(serve(stream, answer));
        }
    });
    (address, connections)
}

async fn serve(mut stream: TcpStream, answer: &'static [u8]) {
    let mut seen = Vec::new();
    loop {
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(read) => seen.extend_from_slice(&chunk[..read]),
        }
        if seen.ends_with(b"\r\n\r\n") {
            seen.clear();
            if answer.is_empty() {
                return;
            }
            stream.write_all(answer).await.expect("sent");
        }
    }
}

/// Limits in milliseconds.
fn exchange(client: &Connections, connect: u64, read: u64) -> Exchange {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_millis(connect))
        .read_timeout(Duration::from_millis(read))
        .build();
    client.exchange(&settings)
}

fn request(url: &str) -> HttpRequest {
    HttpRequest::try_from(http::Request::get(url).body(SdkBody::empty()).expect("a request")).expect("a request")
}

#[tokio::test]
async fn a_connection_is_used_again_until_the_sdk_gives_it_up() {
    let (address, mut connections) = server(OK).await;
    let exchange = exchange(&Connections::new(), 1000, 1000);
    let url = format!("http://{address}/");
    let captured = CaptureSmithyConnection::new();
    for _ in 0..2 {
        let mut request = request(&url);
        request.add_extension(captured.clone());
        let answer = exchange.call(request).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        let body = http_body_of(answer).await;
        assert_eq!(body, b"hi");
    }
    connections.recv().await.expect("the first");
    assert!(connections.try_recv().is_err(), "the second request went over the same");
    captured.get().expect("one was used").poison();
    exchange.call(request(&url)).await.expect("an answer");
    connections.recv().await.expect("another one");
}

async fn http_body_of(answer: HttpResponse) -> Vec<u8> {
    let body = ByteStream::new(answer.into_body());
    body.collect().await.expect("a whole body").to_vec()
}

#[tokio::test]
async fn faults_have_the_kind_by_which_the_sdk_tries_again() {
    let client = Connections::new();
    // Accepts, but sends nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", silent.local_addr().expect("bound"));
    let error = exchange(&client, 1000, 50).call(request(&url)).await.expect_err("no answer");
    assert!(error.is_timeout(), "{error:?}");
    // Silent in the handshake.
    let url = format!("https://{}/", silent.local_addr().expect("bound"));
    let error = exchange(&client, 50, 5000).call(request(&url)).await.expect_err("no handshake");
    assert!(error.is_timeout(), "{error:?}");
    let closed = silent.local_addr().expect("bound");
    drop(silent);
    let error = exchange(&client, 1000, 1000).call(request(&format!("http://{closed}/"))).await.expect_err("refused");
    assert!(error.is_io(), "{error:?}");
    let (address, _connections) = server(b"").await;
    let error = exchange(&client, 1000, 1000).call(request(&format!("http://{address}/"))).await.expect_err("cut off");
    assert!(error.is_io() || error.as_other() == Some(ErrorKind::TransientError), "{error:?}");
}
