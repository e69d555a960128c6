//! One DNS query to one server, and what the response means.

use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::DnsRequestSender;
use hickory_resolver::net::{DnsHandle, NetError};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use vocabulary::dns::{Answer, RecordKind, Unanswered};
use vocabulary::text::{is_invisible, printable};

/// Lost queries are sent again at this interval, until the time for UDP is over.
const RESEND: Duration = Duration::from_millis(800);
const RESENDS: u8 = 3;
const OVER_UDP: Duration = Duration::from_millis(2000);
const OVER_TCP: Duration = Duration::from_millis(1200);

/// How a query is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// Requests signatures (DO).
    pub signed: bool,
}

/// What a server has for a name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub answer: Answer,
    /// Where the name's alias leads, if another type was requested.
    pub alias: Option<String>,
}

/// Queries over UDP, and over TCP if the response is too long or none comes.
///
/// Queries a server that does not understand EDNS again without it (RFC 6891 §7), as resolvers do.
pub(crate) async fn exchange(
    server: SocketAddr,
    name: &Name,
    record_type: RecordType,
    manner: Manner,
) -> Result<Message, Unanswered> {
    let mut options = DnsRequestOptions::default();
    options.recursion_desired = false;
    options.edns_set_dnssec_ok = manner.signed;
    options.retry_interval = RESEND;
    match put(server, name, record_type, options).await {
        Ok(answer) if is_without_edns(answer.metadata.response_code) => {
            options.use_edns = false;
            put(server, name, record_type, options).await
        }
        answer => answer,
    }
}

/// Since the DNS flag day of 2019 resolvers do not retry without EDNS; an answer without it explains the silence.
async fn answers_without_edns(server: SocketAddr, name: &Name, record_type: RecordType) -> bool {
    let mut options = DnsRequestOptions::default();
    options.recursion_desired = false;
    options.use_edns = false;
    let request = DnsRequest::from_query(Query::query(name.clone(), record_type), options);
    first(udp(server, OVER_TCP).send_message(request)).await.is_ok()
}

fn is_without_edns(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::FormErr | ResponseCode::NotImp | ResponseCode::BADVERS)
}

async fn put(
    server: SocketAddr,
    name: &Name,
    record_type: RecordType,
    options: DnsRequestOptions,
) -> Result<Message, Unanswered> {
    let request = DnsRequest::from_query(Query::query(name.clone(), record_type), options);
    match first(udp(server, OVER_UDP).send_message(request.clone())).await {
        Ok(response) if !response.metadata.truncation => Ok(response.into_message()),
        Ok(_) => over_tcp(server, request).await,
        // Concurrently, so that the explanation takes no extra time. The second UDP query covers packets lost by chance.
        Err(_) => {
            let mut again = udp(server, OVER_TCP);
            let again = first(again.send_message(request.clone()));
            let plain = answers_without_edns(server, name, record_type);
            match tokio::join!(over_tcp(server, request), again, plain) {
                (Err(Unanswered::TimedOut), Ok(response), _) if !response.metadata.truncation => {
                    Ok(response.into_message())
                }
                (Err(Unanswered::TimedOut), Err(_), true) => Err(Unanswered::DropsEdns),
                (answer, ..) => answer,
            }
        }
    }
}

fn udp(server: SocketAddr, time: Duration) -> UdpClientStream<TokioRuntimeProvider> {
    let provider = TokioRuntimeProvider::default();
    UdpClientStream::builder(server, provider).with_timeout(Some(time)).with_max_retries(RESENDS).build()
}

async fn over_tcp(server: SocketAddr, request: DnsRequest) -> Result<Message, Unanswered> {
    let asked = async {
        // Kept until the response is here: dropping the last provider stops the tasks that drive the connection.
        let provider = TokioRuntimeProvider::default();
        let exchange = TcpClientStream::exchange(server, None, OVER_TCP, None, provider.clone()).await?;
        let answer = first(exchange.send(request)).await;
        drop(provider);
        answer
    };
    match tokio::time::timeout(OVER_TCP, asked).await {
        Ok(Ok(response)) => Ok(response.into_message()),
        Ok(Err(NetError::Proto(error))) => {
            Err(Unanswered::Other(printable(&format!("a malformed answer: {error}"), 120)))
        }
        // Refused, reset or unreachable: nothing answers there.
        Ok(Err(_)) | Err(_) => Err(Unanswered::TimedOut),
    }
}

async fn first(
    mut responses: impl futures::Stream<Item = Result<DnsResponse, NetError>> + Unpin,
) -> Result<DnsResponse, NetError> {
    responses.next().await.unwrap_or(Err(NetError::Timeout))
}

/// What `message`, a response for `name`, says.
pub(super) fn read(message: &Message, name: &Name, kind: RecordKind) -> Reply {
    let failed = |why| Reply { answer: Answer::Failed(why), alias: None };
    if let Some(why) = refusal(message.metadata.response_code) {
        return failed(why);
    }
    if !message.metadata.authoritative {
        let servers = name_servers(message, name);
        return failed(match servers.is_empty() {
            true => Unanswered::NotAuthoritative,
            false => Unanswered::Delegated(servers),
        });
    }
    let own = || message.answers.iter().filter(|record| record.name == *name);
    let data: Vec<String> = own().filter_map(|record| data(record, kind)).collect();
    let alias = own().filter(|_| kind != RecordKind::Cname).find_map(|record| match &record.data {
        RData::CNAME(target) => Some(plain(&target.0)),
        _ => None,
    });
    let answer = match data.is_empty() {
        false => Answer::Records(data),
        // With an alias, the alias's target does not exist.
        true if message.metadata.response_code == ResponseCode::NXDomain
            && alias.is_none()
            && own().next().is_none() =>
        {
            Answer::NxDomain
        }
        true => Answer::NoData,
    };
    Reply { answer, alias }
}

/// The name servers of `name` itself, in an answer or a referral; sorted, and only a few.
pub(super) fn name_servers(message: &Message, name: &Name) -> Vec<String> {
    let own = message.answers.iter().chain(&message.authorities).filter(|record| record.name == *name);
    let mut servers: Vec<String> = own.filter_map(|record| data(record, RecordKind::Ns)).take(MOST_NAMED).collect();
    servers.sort();
    servers.dedup();
    servers
}

/// The most name servers of one zone that are reported.
const MOST_NAMED: usize = 8;

/// Why a response with this code says nothing about the name; `None` if it does.
pub(super) fn refusal(code: ResponseCode) -> Option<Unanswered> {
    match code {
        ResponseCode::NoError | ResponseCode::NXDomain => None,
        ResponseCode::ServFail => Some(Unanswered::ServFail),
        ResponseCode::Refused => Some(Unanswered::Refused),
        code => Some(Unanswered::Other(code.to_string())),
    }
}

/// Of a TXT or CAA record: it may contain an account's URL of up to two thousand characters.
const LONGEST_TEXT: usize = 2500;

/// A text that a CA parses, made printable. A CA does not treat a line break as a blank, so it does not become one here.
fn value(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let text: String = text.chars().map(|c| if c != '\t' && is_invisible(c) { '\u{fffd}' } else { c }).collect();
    printable(&text, LONGEST_TEXT)
}

/// The data of a record of `kind`, as in a zone file.
fn data(record: &Record, kind: RecordKind) -> Option<String> {
    let text = match (&record.data, kind) {
        (RData::A(a), RecordKind::A) => a.0.to_string(),
        (RData::AAAA(aaaa), RecordKind::Aaaa) => aaaa.0.to_string(),
        (RData::CNAME(to), RecordKind::Cname) => plain(&to.0),
        (RData::MX(mx), RecordKind::Mx) => format!("{} {}", mx.preference, plain(&mx.exchange)),
        (RData::NS(to), RecordKind::Ns) => plain(&to.0),
        (RData::TXT(txt), RecordKind::Txt) => {
            let octets: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
            value(&octets)
        }
        (RData::CAA(caa), RecordKind::Caa) => {
            format!("{} {} \"{}\"", caa.flags(), printable(&caa.tag, 255), value(&caa.value))
        }
        (RData::SOA(soa), RecordKind::Soa) => format!("{} {}", plain(&soa.mname), soa.serial),
        (other, RecordKind::Dnskey | RecordKind::Ds) if other.record_type() == record_type(kind) => {
            printable(&other.to_string(), 300)
        }
        _ => return None,
    };
    Some(text)
}

pub(super) fn record_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Caa => RecordType::CAA,
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Dnskey => RecordType::DNSKEY,
        RecordKind::Ds => RecordType::DS,
        RecordKind::Mx => RecordType::MX,
        RecordKind::Ns => RecordType::NS,
        RecordKind::Soa => RecordType::SOA,
        RecordKind::Txt => RecordType::TXT,
    }
}

/// Lower case, no trailing dot, escapes as DNS writes them.
pub(super) fn plain(name: &Name) -> String {
    printable(name.to_lowercase().to_ascii().trim_end_matches('.'), 255)
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::OpCode;
    use hickory_resolver::proto::rr::rdata::{A, SOA};
    use tokio::net::UdpSocket;

    use super::*;

    /// A server that answers `code`, or nothing, to EDNS, and an address to queries without it.
    async fn without_edns(code: Option<ResponseCode>) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((octets, from)) = socket.recv_from(&mut buffer).await {
                let asked = Message::from_vec(&buffer[..octets]).expect("a question");
                let mut answer = Message::response(asked.id, OpCode::Query);
                answer.metadata.authoritative = true;
                answer.queries = asked.queries.clone();
                match asked.edns {
                    Some(_) => match code {
                        Some(code) => answer.metadata.response_code = code,
                        None => continue,
                    },
                    None => {
                        let name = asked.queries[0].name().clone();
                        answer.add_answer(Record::from_rdata(name, 60, RData::A(A::new(192, 0, 2, 7))));
                    }
                }
                socket.send_to(&answer.to_vec().expect("it encodes"), from).await.expect("it is sent");
            }
        });
        address
    }

    #[tokio::test]
    async fn a_server_that_does_not_know_edns_is_queried_again_without_it() {
        let name = Name::from_ascii("www.example.test.").expect("a name");
        for code in [ResponseCode::FormErr, ResponseCode::NotImp] {
            let server = without_edns(Some(code)).await;
            let answer = exchange(server, &name, RecordType::A, Manner::default()).await.expect("an answer");
            assert_eq!(data(&answer.answers[0], RecordKind::A).as_deref(), Some("192.0.2.7"), "{code}");
        }
        let server = without_edns(Some(ResponseCode::Refused)).await;
        let refused = exchange(server, &name, RecordType::A, Manner::default()).await.expect("an answer");
        assert_eq!(refusal(refused.metadata.response_code), Some(Unanswered::Refused));
    }

    #[tokio::test]
    async fn a_server_that_drops_edns_queries_is_distinguished_from_a_silent_one() {
        let name = Name::from_ascii("www.example.test.").expect("a name");
        let dropping = without_edns(None).await;
        let asked = exchange(dropping, &name, RecordType::A, Manner::default()).await;
        assert_eq!(asked.expect_err("no resolver gets an answer"), Unanswered::DropsEdns);
        let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = silent.local_addr().expect("it is bound");
        let asked = exchange(address, &name, RecordType::A, Manner::default()).await;
        assert_eq!(asked.expect_err("nobody answers"), Unanswered::TimedOut);
    }

    /// D9: servers answer with the name in their own letter case.
    #[tokio::test]
    async fn an_answer_in_another_letter_case_is_the_answer() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (octets, from) = socket.recv_from(&mut buffer).await.expect("a question");
            let asked = Message::from_vec(&buffer[..octets]).expect("a question");
            let kept = Name::from_ascii("WWW.Example.TEST.").expect("a name");
            let mut answer = Message::response(asked.id, OpCode::Query);
            answer.metadata.authoritative = true;
            answer.add_query(Query::query(kept.clone(), RecordType::A));
            answer.add_answer(Record::from_rdata(kept, 60, RData::A(A::new(192, 0, 2, 7))));
            socket.send_to(&answer.to_vec().expect("it encodes"), from).await.expect("it is sent");
        });
        let name = Name::from_ascii("www.example.test.").expect("a name");
        let message = exchange(address, &name, RecordType::A, Manner::default()).await.expect("an answer");
        assert_eq!(read(&message, &name, RecordKind::A).answer, Answer::Records(vec!["192.0.2.7".into()]));
    }

    /// C12 and C13: how long an empty answer may be cached does not matter here.
    #[test]
    fn an_empty_answer_is_valid_whatever_soa_record_comes_with_it() {
        let name = Name::from_ascii("shop.example.test.").expect("a name");
        let mut empty = Message::response(1, OpCode::Query);
        empty.metadata.authoritative = true;
        assert_eq!(read(&empty, &name, RecordKind::Caa).answer, Answer::NoData);
        let other = Name::from_ascii("other.test.").expect("a name");
        let soa = SOA::new(other.clone(), other.clone(), 1, 7200, 900, 86400, 60);
        empty.add_authority(Record::from_rdata(other, 60, RData::SOA(soa)));
        assert_eq!(read(&empty, &name, RecordKind::Caa).answer, Answer::NoData);
    }
}
