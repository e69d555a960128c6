use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::OpCode;
use tokio::net::UdpSocket;
use vocabulary::dns::{Answer, RecordKind};

use super::*;
use crate::dns::{Dns, Roots};

/// A server that refuses every query, and the number of queries it received.
async fn refusing() -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((octets, from)) = socket.recv_from(&mut buffer).await {
            counter.fetch_add(1, Ordering::Relaxed);
            let question = Message::from_vec(&buffer[..octets]).expect("a question");
            let mut answer = Message::response(question.id, OpCode::Query);
            answer.metadata.response_code = ResponseCode::Refused;
            answer.queries = question.queries.clone();
            socket.send_to(&answer.to_vec().expect("it encodes"), from).await.expect("it is sent");
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_server_that_refuses_is_not_queried_for_each_name_of_its_zone() {
    let (address, asked) = refusing().await;
    let roots = Roots::Own { servers: vec![address.ip()], trust: None };
    let dns = Dns::from_roots(roots, address.port(), vec!["127.0.0.0/8".parse().expect("a network")]);
    let recursion = dns.begin(97, Instant::now() + Duration::from_secs(8));
    let server = Server { name: "ns.victim.test".into(), address: Ok(address) };
    for host in 0..97 {
        let name = Name::from_ascii(format!("h{host}.victim.test.")).expect("a name");
        let reply = recursion.question(&server, &name, RecordKind::Txt, false).await;
        assert_eq!(reply.answer, Answer::Failed(Unanswered::Refused), "it is told as what it is, asked or not");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}
