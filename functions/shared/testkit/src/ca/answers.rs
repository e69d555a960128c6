//! The CA as the steps see it.

use domain::ports::{
    CaError, CaReply, CertificateAuthority, Finalized, OpenedOrder, RenewalInfo, RenewalInformation, Validation,
};
use time::Duration;
use vocabulary::acme::{
    Authorization, AuthorizationStatus, Challenge, ChallengeKind, Challenges, OpenOrder, OrderStatus, Refusal,
};
use vocabulary::certificate::RevocationReason;
use vocabulary::failure::Problem;
use vocabulary::names::{CertificateName, EndpointNames};

use super::memory::MemoryCa;
use super::state::CaOrder;

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
            state.requests += 1;
            return Err(error);
        }
        if let Some(error) = state.refuses_replacements.clone().filter(|_| replaces.is_some()) {
            state.requests += 1;
            return Err(error);
        }
        let now = state.now();
        let exempt = replaces.is_some() && state.window.is_some_and(|w| w.start <= now && now < w.end);
        if !exempt && !state.takes_order(names) {
            state.requests += 1;
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
                let reused = state.validated.get(name).filter(|_| state.reuse).cloned();
                let status = if reused.is_some() { AuthorizationStatus::Valid } else { AuthorizationStatus::Pending };
                Authorization {
                    url: reused.unwrap_or_else(|| format!("memory://ca/authorization/{number}/{i}")),
                    name: name.clone(),
                    status,
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
            // The client chooses again among the CA's challenges.
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
                    let validated = trusted && self.is_validated(name, challenge, now);
                    authorization.status = match validated {
                        true => AuthorizationStatus::Valid,
                        false => AuthorizationStatus::Invalid,
                    };
                }
            }
            let valid = held.authorizations.iter().all(|a| a.status == AuthorizationStatus::Valid);
            held.status = if valid { OrderStatus::Ready } else { OrderStatus::Invalid };
            // Even if the order fails for another name.
            let validated = held.authorizations.iter().filter(|a| a.status == AuthorizationStatus::Valid);
            let validated: Vec<_> = validated.map(|a| (a.name.clone(), a.url.clone())).collect();
            state.validated.extend(validated);
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
        state.requests += 1;
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
        state.requests += 1;
        state.expect_there()?;
        for url in authorizations {
            let mut is_known = false;
            for order in state.orders.values_mut() {
                for authorization in order.authorizations.iter_mut().filter(|known| known.url == *url) {
                    authorization.status = AuthorizationStatus::Deactivated;
                    is_known = true;
                    // An order that is not finalized can no longer be.
                    if order.status != OrderStatus::Valid {
                        order.status = OrderStatus::Invalid;
                    }
                }
            }
            state.validated.retain(|_, known| known != url);
            if is_known {
                state.deactivated.push(url.clone());
            }
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }
}
