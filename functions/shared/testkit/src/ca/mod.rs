mod state;

use std::sync::{Arc, Mutex, MutexGuard};

use domain::ports::{
    CaError, CaReply, CertificateAuthority, Finalized, OpenedOrder, RenewalInfo, RenewalInformation, Validation,
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, IsCa, Issuer, KeyPair, PublicKeyData, SerialNumber,
    SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{
    Authorization, AuthorizationStatus, CaLimits, Challenge, ChallengeKind, Challenges, OpenOrder, OrderStatus,
    Refusal, RenewalWindow,
};
use vocabulary::certificate::RevocationReason;
use vocabulary::dns::PersistentIssuer;
use vocabulary::failure::Problem;
use vocabulary::names::{CertificateName, EndpointNames};
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use state::{CaOrder, State};

use crate::{Fuse, MemoryDns, MemoryTokens};

/// Of the one that a test has unless it asks for another.
const DIRECTORY: &str = "memory://ca/directory";

/// A CA in memory that looks at the in-memory tokens and zone, and issues real certificates.
///
/// Only what a flow needs: how a real CA behaves is tested against Pebble.
#[derive(Clone)]
pub struct MemoryCa {
    directory: &'static str,
    state: Arc<Mutex<State>>,
    tokens: MemoryTokens,
    dns: MemoryDns,
    fuse: Fuse,
    lifetime: Duration,
    issuer: Arc<(rcgen::Certificate, Issuer<'static, KeyPair>)>,
}

struct RequestedKey {
    point: Vec<u8>,
}

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl MemoryCa {
    pub fn new(tokens: MemoryTokens, dns: MemoryDns, lifetime: Duration, fuse: Fuse) -> Self {
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("signs");
        let issuer = Arc::new((certificate, Issuer::new(params, key)));
        Self { directory: DIRECTORY, state: Arc::default(), tokens, dns, fuse, lifetime, issuer }
    }

    /// Another CA with this directory, in the same world and at the same time.
    pub fn another(&self, directory: &'static str) -> Self {
        let other = Self::new(self.tokens.clone(), self.dns.clone(), self.lifetime, self.fuse.clone());
        other.state().now = self.state().now;
        Self { directory, ..other }
    }

    /// Whom a persistent record has to name for this CA and its one account.
    pub fn issuer() -> vocabulary::dns::Issuer {
        vocabulary::dns::Issuer {
            identities: vec!["ca.example".into()],
            account: Some("https://ca.example/account/1".into()),
        }
    }

    /// The same, as it is written into records.
    pub fn persistent_issuer() -> PersistentIssuer {
        PersistentIssuer::of(&Self::issuer()).expect("both are known")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics in here")
    }

    /// Moves the CA's clock. Orders live for an hour.
    pub fn set_time(&self, now: OffsetDateTime) {
        self.state().now = Some(now);
    }

    /// Whether names once proven need not be proven again.
    pub fn reuse_authorizations(&self, reuse: bool) {
        self.state().reuse = reuse;
    }

    /// URLs of the authorizations that were deactivated.
    pub fn deactivated(&self) -> Vec<String> {
        self.state().deactivated.clone()
    }

    /// Whether an order for `name` would need no challenge.
    pub fn remembers(&self, name: &CertificateName) -> bool {
        self.state().proven.contains(name)
    }

    /// While it is away, nothing is answered.
    pub fn set_away(&self, away: bool) {
        self.state().away = away;
    }

    /// It does nothing, and says until when.
    pub fn set_busy(&self, until: Option<OffsetDateTime>) {
        self.state().busy = until;
    }

    /// Whether it refuses orders that say what they replace.
    pub fn refuse_replacements(&self, refuse: bool) {
        let problem = Problem::new("alreadyReplaced", "it has been replaced already");
        let refusal = Refusal { problem, status: Some(409), retry_after: None };
        self.refuse_replacements_with(refuse.then_some(CaError::Refused { refusal }));
    }

    /// How it answers orders.
    pub fn refuse_orders_with(&self, error: Option<CaError>) {
        self.state().refuses_orders = error;
    }

    /// How it answers orders that say what they replace.
    pub fn refuse_replacements_with(&self, error: Option<CaError>) {
        self.state().refuses_replacements = error;
    }

    /// It validates no name that has `part` in it.
    pub fn distrust(&self, part: &str) {
        self.state().distrusted = Some(part.to_owned());
    }

    /// What it lets its one account do: it refuses the rest, and counts that.
    pub fn limit(&self, limits: CaLimits) {
        self.state().limits = limits;
    }

    pub fn over_limits(&self) -> u32 {
        self.state().over_limits
    }

    /// What orders said they replace, by [`certificate_id`](vocabulary::acme::renewal_info::certificate_id).
    pub fn replaced(&self) -> Vec<String> {
        self.state().replaced.clone()
    }

    /// How it answers revocations.
    pub fn refuse_revocations_with(&self, error: Option<CaError>) {
        self.state().refuses_revocations = error;
    }

    /// Certificates (DER) that were revoked, and why.
    pub fn revoked(&self) -> Vec<(Vec<u8>, RevocationReason)> {
        self.state().revoked.clone()
    }

    /// The window it advises for every certificate; `None` for no advice.
    pub fn advise(&self, window: Option<RenewalWindow>) {
        self.state().window = window;
    }

    pub fn orders(&self) -> usize {
        self.state().orders.len()
    }

    /// How often the CA was asked for anything.
    pub fn asked(&self) -> u32 {
        self.state().asked
    }

    fn reply<T>(&self, value: T) -> CaReply<T> {
        self.state().asked += 1;
        CaReply { value, nonce: None }
    }

    fn is_proven(&self, name: &CertificateName, challenge: &Challenge, now: OffsetDateTime) -> bool {
        match challenge.kind {
            ChallengeKind::Http01 => {
                self.tokens.get(&name.base, &challenge.token).as_deref() == Some(&challenge.response)
            }
            ChallengeKind::Dns01 => {
                let target = self.dns.target(&name.base.challenge_name()).unwrap_or_default();
                self.dns.zone().values(&target).contains(&challenge.response)
            }
            ChallengeKind::DnsPersist01 => {
                let text = self.dns.persistent(&name.base.persistent_name());
                text.is_some_and(|text| Self::persistent_issuer().judge(&text, name.wildcard, now).is_ok())
            }
        }
    }

    fn issue(&self, names: &[CertificateName], request: &[u8], now: OffsetDateTime, serial: u64) -> String {
        let (_, csr) = X509CertificationRequest::from_der(request).expect("a PKCS#10 request");
        csr.verify_signature().expect("signed with the key it is for");
        let point = csr.certification_request_info.subject_pki.subject_public_key.data.to_vec();
        let names = names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).expect("ASCII names");
        params.distinguished_name = DistinguishedName::new();
        params.not_before = now;
        params.not_after = now + self.lifetime;
        params.serial_number = Some(SerialNumber::from(serial));
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&RequestedKey { point }, &self.issuer.1).expect("signs");
        format!("{}{}", leaf.pem(), self.issuer.0.pem())
    }
}

fn challenge(order: u64, authorization: usize, kind: ChallengeKind) -> Challenge {
    let token = format!("token-{order}-{authorization}");
    let url = format!("memory://ca/challenge/{order}/{authorization}");
    Challenge { kind, url, response: response(&token, kind), token }
}

fn response(token: &str, kind: ChallengeKind) -> String {
    match kind {
        ChallengeKind::DnsPersist01 => String::new(),
        kind => format!("{token}.{}", kind.as_str()),
    }
}

fn opened(directory: &str, url: &str, order: &CaOrder) -> OpenedOrder {
    OpenedOrder {
        url: url.to_owned(),
        finalize_url: format!("{url}/finalize"),
        directory: directory.to_owned(),
        status: order.status,
        expires: Some(order.expires),
        authorizations: order
            .authorizations
            .iter()
            .map(|authorization| Authorization {
                challenge: authorization
                    .challenge
                    .clone()
                    .filter(|_| authorization.status == AuthorizationStatus::Pending),
                ..authorization.clone()
            })
            .collect(),
    }
}

impl RenewalInformation for MemoryCa {
    fn directory(&self) -> &str {
        self.directory
    }

    async fn renewal_info(&self, _: &str) -> Result<Option<RenewalInfo>, CaError> {
        let state = self.state();
        state.expect_there()?;
        let retry_after = Some(Duration::hours(6));
        Ok(state.window.map(|window| RenewalInfo { window, explanation: None, retry_after }))
    }
}

impl CertificateAuthority for MemoryCa {
    fn directory(&self) -> &str {
        self.directory
    }

    async fn open(
        &self,
        names: &EndpointNames,
        challenges: &Challenges,
        replaces: Option<&str>,
    ) -> Result<CaReply<OpenedOrder>, CaError> {
        let mut state = self.state();
        state.expect_there()?;
        if let Some(error) = state.refuses_orders.clone() {
            state.asked += 1;
            return Err(error);
        }
        if let Some(error) = state.refuses_replacements.clone().filter(|_| replaces.is_some()) {
            state.asked += 1;
            return Err(error);
        }
        let now = state.now();
        let exempt = replaces.is_some() && state.window.is_some_and(|w| w.start <= now && now < w.end);
        if !exempt && !state.takes_order(names) {
            state.asked += 1;
            let problem = Problem::new("rateLimited", "too many");
            return Err(CaError::Refused { refusal: Refusal { problem, status: Some(429), retry_after: None } });
        }
        state.replaced.extend(replaces.map(str::to_owned));
        state.counter += 1;
        let number = state.counter;
        let authorizations: Vec<Authorization> = names
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let reused = state.reuse && state.proven.contains(name);
                Authorization {
                    url: format!("memory://ca/authorization/{number}/{i}"),
                    name: name.clone(),
                    status: if reused { AuthorizationStatus::Valid } else { AuthorizationStatus::Pending },
                    challenge: Some(challenge(number, i, challenges.of(name))),
                }
            })
            .collect();
        let ready = authorizations.iter().all(|a| a.status == AuthorizationStatus::Valid);
        let order = CaOrder {
            names: names.iter().cloned().collect(),
            status: if ready { OrderStatus::Ready } else { OrderStatus::Pending },
            expires: now + Duration::HOUR,
            authorizations,
            chain: None,
            exempt,
        };
        let url = format!("{}/order/{number}", self.directory);
        let value = opened(self.directory, &url, &order);
        state.orders.insert(url, order);
        drop(state);
        self.fuse.burn();
        Ok(self.reply(value))
    }

    async fn resume(&self, order: &OpenOrder, challenges: &Challenges) -> Result<CaReply<OpenedOrder>, CaError> {
        let value = {
            let mut state = self.state();
            let held = state.order(&order.url)?;
            // The client chooses anew among what the CA offers.
            for authorization in &mut held.authorizations {
                let chosen = authorization.challenge.as_mut().expect("made with one");
                chosen.kind = challenges.of(&authorization.name);
                chosen.response = response(&chosen.token, chosen.kind);
            }
            opened(self.directory, &order.url, held)
        };
        Ok(self.reply(value))
    }

    async fn validate(&self, order: &OpenOrder, _: bool) -> Result<CaReply<Validation>, CaError> {
        let mut state = self.state();
        let (distrusted, now) = (state.distrusted.clone(), state.now());
        let is_distrusted =
            |name: &CertificateName| distrusted.as_ref().is_some_and(|part| name.base.as_str().contains(part.as_str()));
        let held = state.order(&order.url)?;
        if held.status == OrderStatus::Pending {
            for authorization in &mut held.authorizations {
                let challenge = authorization.challenge.as_ref().expect("made with one");
                if authorization.status == AuthorizationStatus::Pending {
                    let (name, trusted) = (&authorization.name, !is_distrusted(&authorization.name));
                    let proven = trusted && self.is_proven(name, challenge, now);
                    authorization.status = match proven {
                        true => AuthorizationStatus::Valid,
                        false => AuthorizationStatus::Invalid,
                    };
                }
            }
            let valid = held.authorizations.iter().all(|a| a.status == AuthorizationStatus::Valid);
            held.status = if valid { OrderStatus::Ready } else { OrderStatus::Invalid };
            let names = held.names.clone();
            if valid {
                state.proven.extend(names);
            }
        }
        let status = state.order(&order.url)?.status;
        drop(state);
        self.fuse.burn();
        let problem = Problem::new("unauthorized", "not found");
        let value = if status == OrderStatus::Invalid { Validation::Failed(problem) } else { Validation::Ready };
        Ok(self.reply(value))
    }

    async fn revoke(&self, certificate: &[u8], reason: RevocationReason) -> Result<(), CaError> {
        let mut state = self.state();
        state.expect_there()?;
        state.asked += 1;
        if let Some(error) = state.refuses_revocations.clone() {
            return Err(error);
        }
        state.revoked.push((certificate.to_vec(), reason));
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn finalize(&self, order: &OpenOrder, request: &[u8]) -> Result<CaReply<Finalized>, CaError> {
        let mut state = self.state();
        let (now, serial) = (state.now(), state.counter);
        let held = state.order(&order.url)?;
        if held.status == OrderStatus::Ready {
            let (names, exempt) = (held.names.clone(), held.exempt);
            state.count_certificate(&names, exempt);
        }
        let held = state.order(&order.url)?;
        if held.status == OrderStatus::Ready {
            held.chain = Some(self.issue(&held.names, request, now, serial));
            held.status = OrderStatus::Valid;
        }
        let chain = held
            .chain
            .clone()
            .ok_or_else(|| CaError::Refused { refusal: Problem::new("orderNotReady", "not ready").into() })?;
        drop(state);
        self.fuse.burn();
        Ok(self.reply(Finalized::Issued { chain }))
    }

    async fn deactivate(&self, authorizations: &[String]) -> Result<(), CaError> {
        let mut state = self.state();
        state.asked += 1;
        state.expect_there()?;
        for url in authorizations {
            let all = state.orders.values_mut().flat_map(|order| &mut order.authorizations);
            let Some(found) = all.into_iter().find(|authorization| authorization.url == *url) else { continue };
            found.status = AuthorizationStatus::Deactivated;
            let name = found.name.clone();
            state.proven.retain(|known| *known != name);
            state.deactivated.push(url.clone());
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }
}
