//! The server that speaks DNS.

use std::iter;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use hickory_proto::op::{Edns, HeaderCounts, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name};
use hickory_proto::serialize::binary::BinDecoder;
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::{MessageResponseBuilder, Queries};
use tokio::net::{TcpListener, UdpSocket};
use tracing::{info, warn};

use super::answer::{Answer, Question};

const IDLE: Duration = Duration::from_secs(10);
/// Answers that may wait for a slow reader on one TCP connection.
const PENDING_ANSWERS: usize = 32;
/// What goes over UDP without fragments (DNS flag day 2020). More is asked for over TCP.
const UDP_PAYLOAD: u16 = 1232;
/// What goes over UDP to those who do not say what they take (RFC 1035 §4.2.1).
const UDP_PAYLOAD_UNKNOWN: u16 = 512;
/// An OPT record without options (RFC 6891 §6.1.2).
const OPT_OCTETS: usize = 11;

/// Nothing is remembered for longer, whatever a zone says: tests change what they have just checked.
const LONGEST_TTL_SECONDS: u32 = 1;

/// Decides what to answer.
pub(super) trait Answers: Send + Sync + Unpin + 'static {
    /// `None`: nothing at all.
    fn answer(&self, question: &Question) -> Result<Option<Answer>>;

    /// How long each answer takes.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }
}

pub(super) async fn serve_answers(answers: impl Answers, udp: UdpSocket, tcp: TcpListener) -> Result<()> {
    let mut server = Server::new(Handler { answers });
    server.register_socket(udp);
    server.register_listener(tcp, IDLE, PENDING_ANSWERS);
    server.block_until_done().await.context("the DNS server")
}

struct Handler<A> {
    answers: A,
}

impl<A: Answers> Handler<A> {
    fn answer(&self, request: &Request) -> Option<Answer> {
        if request.metadata.op_code != OpCode::Query || request.metadata.message_type != MessageType::Query {
            return Some(Answer::only(ResponseCode::NotImp));
        }
        let Ok(asked) = request.request_info() else { return Some(Answer::only(ResponseCode::FormErr)) };
        if asked.query.query_class() != DNSClass::IN {
            return Some(Answer::only(ResponseCode::Refused));
        }
        let question = Question {
            name: Name::from(asked.query.name()),
            record_type: asked.query.query_type(),
            extended: request.edns.is_some(),
            signed: request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok),
            over_tcp: request.protocol() == Protocol::Tcp,
        };
        let Question { name, record_type, .. } = &question;
        match self.answers.answer(&question) {
            Ok(answer) => {
                if let Some(answer) = &answer {
                    info!(%name, %record_type, code = %answer.code, answers = answer.answers.len(), "answered");
                }
                answer
            }
            Err(error) => {
                warn!(%name, %record_type, "no answer: {error:#}");
                Some(Answer::only(ResponseCode::ServFail))
            }
        }
    }
}

#[async_trait::async_trait]
impl<A: Answers> RequestHandler for Handler<A> {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut responder: R) -> ResponseInfo {
        tokio::time::sleep(self.answers.delay()).await;
        let Some(mut answer) = self.answer(request) else {
            return unsent(Metadata::response_from_request(&request.metadata));
        };
        for record in answer.answers.iter_mut().chain(&mut answer.authorities).chain(&mut answer.additionals) {
            record.ttl = record.ttl.min(LONGEST_TTL_SECONDS);
        }
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.response_code = answer.code;
        metadata.authoritative = answer.authoritative;

        let edns = request.edns.as_ref().filter(|_| !answer.plain).map(own_edns);
        let limit = edns.as_ref().map_or(UDP_PAYLOAD_UNKNOWN, Edns::max_payload);
        let is_too_long = answer.truncated || octets(request, &answer) > usize::from(limit);
        if request.protocol() == Protocol::Udp && is_too_long {
            // hickory would cut a record in two.
            metadata.truncation = true;
            answer.answers.clear();
            answer.authorities.clear();
            answer.additionals.clear();
        }
        let shouted = if answer.shouted { shout(&mut answer, &request.queries) } else { None };
        let mut builder = MessageResponseBuilder::new(shouted.as_ref().unwrap_or(&request.queries), None);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let Answer { answers, authorities, additionals, .. } = &answer;
        let response = builder.build(metadata, answers, authorities, iter::empty(), additionals);
        match responder.send_response(response).await {
            Ok(info) => info,
            Err(error) => {
                warn!("an answer could not be sent: {error}");
                unsent(metadata)
            }
        }
    }
}

/// Writes the owners of all records in capital letters, and the question as well.
fn shout(answer: &mut Answer, asked: &Queries) -> Option<Queries> {
    for record in answer.answers.iter_mut().chain(&mut answer.authorities).chain(&mut answer.additionals) {
        record.name = Name::from_ascii(record.name.to_ascii().to_ascii_uppercase()).ok()?;
    }
    // No length of a label and no type that is asked for here is an ASCII letter.
    let wire = asked.as_bytes().to_ascii_uppercase();
    Queries::read(&mut BinDecoder::new(&wire), asked.len()).ok()
}

fn unsent(metadata: Metadata) -> ResponseInfo {
    hickory_proto::op::Header { metadata, counts: HeaderCounts::default() }.into()
}

/// hickory limits a UDP answer by what this says, so it must not exceed what the other side takes.
fn own_edns(theirs: &Edns) -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(theirs.max_payload().min(UDP_PAYLOAD));
    edns.set_version(0);
    edns.set_dnssec_ok(theirs.flags().dnssec_ok);
    edns
}

/// How long the answer is on the wire.
fn octets(request: &Request, answer: &Answer) -> usize {
    let mut message = Message::response(0, OpCode::Query);
    if let Ok(asked) = request.request_info() {
        message.add_query(Query::clone(asked.query.original()));
    }
    message.insert_answers(answer.answers.clone());
    message.insert_authorities(answer.authorities.clone());
    message.insert_additionals(answer.additionals.clone());
    OPT_OCTETS + message.to_vec().map_or(usize::MAX - OPT_OCTETS, |wire| wire.len())
}

/// Binds UDP and TCP on one address.
pub(crate) async fn bind(address: SocketAddr) -> Result<(UdpSocket, TcpListener)> {
    let udp = UdpSocket::bind(address).await.with_context(|| format!("UDP {address}"))?;
    let tcp = TcpListener::bind(address).await.with_context(|| format!("TCP {address}"))?;
    Ok((udp, tcp))
}
