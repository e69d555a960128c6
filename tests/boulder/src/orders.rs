//! Orders, authorizations, challenges (RFC 8555 §7.4, §7.5), as wfe2 and the RA have them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use time::Duration;
use time::format_description::well_known::Rfc3339;

use crate::answer::{Answer, Problem};
use crate::limits::registered;
use crate::state::{Authorization, Lookup, Order, State};

/// What a profile allows: https://letsencrypt.org/docs/profiles
struct Allowed {
    order: Duration,
    /// For how long an authorization waits for its challenge.
    pending: Duration,
    /// For how long one that is valid is handed out again.
    valid: Duration,
    names: usize,
}

impl Allowed {
    /// By a profile's name; an order without one is of the first.
    fn of(profile: Option<&String>) -> Self {
        match profile.map(String::as_str) {
            None | Some("classic") => {
                Self { order: Duration::days(7), pending: Duration::days(7), valid: Duration::days(30), names: 100 }
            }
            Some(_) => {
                Self { order: Duration::hours(8), pending: Duration::hours(1), valid: Duration::hours(7), names: 25 }
            }
        }
    }
}

/// `policy.WellFormedDomainName`, as far as tests come.
fn check_name(name: &str) -> Result<(), (String, String)> {
    let base = name.strip_prefix("*.").unwrap_or(name);
    let reject = |kind: &str, why: &str| Err((kind.to_owned(), format!("Cannot issue for \"{name}\": {why}")));
    if !base.contains('.') {
        return reject("malformed", "Domain name needs at least one dot");
    }
    if base.contains('*') {
        return reject("malformed", "Wildcard domain names are only allowed as the leftmost label");
    }
    if base.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'_') {
        return reject("malformed", "Domain name contains an invalid character");
    }
    if base.split('.').count() > 10 {
        return reject("malformed", "Domain name has more than 10 labels (parts)");
    }
    if base.split('.').any(|label| label.len() > 63 || label.starts_with('-') || label.ends_with('-')) {
        return reject("malformed", "Domain name contains an invalid character");
    }
    if base.split('.').any(|label| label.get(2..4) == Some("--") && !label.starts_with("xn")) {
        return reject(
            "rejectedIdentifier",
            "Domain name contains an invalid label in a reserved format (R-LDH: '??--')",
        );
    }
    if base.ends_with(".local") || base.ends_with(".internal") {
        return reject("rejectedIdentifier", "Domain name does not end with a valid public suffix (TLD)");
    }
    Ok(())
}

/// All names at fault are told (`policy.WillingToIssue`).
fn check_names(names: &[String], most: usize) -> Result<(), Problem> {
    if names.len() > most {
        let detail = format!("Order cannot contain more than {most} identifiers");
        return Err(Problem::new(400, "malformed", detail));
    }
    for name in names {
        let Some((_, parent)) = name.split_once('.').filter(|_| !name.starts_with("*.")) else { continue };
        if names.contains(&format!("*.{parent}")) {
            let detail = format!(
                "Domain name \"{name}\" is redundant with a wildcard domain in the same request. Remove one or the other \
                 from the certificate request."
            );
            return Err(Problem::new(400, "malformed", detail));
        }
    }
    let wrong: Vec<_> = names.iter().filter_map(|name| Some((name.clone(), check_name(name).err()?))).collect();
    match wrong.as_slice() {
        [] => Ok(()),
        [(_, (kind, detail))] => Err(Problem::new(400, kind, detail.clone())),
        [(name, (kind, _)), rest @ ..] => {
            let detail = format!(
                "Cannot issue for \"{name}\": (and {} more problems. Refer to sub-problems for more information.)",
                rest.len()
            );
            let mut problem = Problem::new(400, kind, detail);
            problem.subproblems = wrong.iter().map(|(n, (k, d))| (n.clone(), k.clone(), d.clone())).collect();
            Err(problem)
        }
    }
}

impl State {
    /// wfe2 `NewOrder`, `ra.NewOrder`.
    pub(crate) fn new_order(&mut self, account: u64, request: &Value) -> Result<Answer, Problem> {
        let identifiers = request["identifiers"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<String> =
            identifiers.iter().filter_map(|one| one["value"].as_str().map(str::to_owned)).collect();
        names.sort();
        names.dedup();
        if names.is_empty() {
            return Err(Problem::new(400, "malformed", "NewOrder request did not specify any identifiers"));
        }
        let profile = request["profile"].as_str().map(str::to_owned);
        if let Some(profile) = profile.as_ref().filter(|profile| !self.knobs.profiles.contains_key(*profile)) {
            let detail = format!("NewOrder request included unrecognized profile name \"{profile}\"");
            return Err(Problem::new(400, "invalidProfile", detail));
        }
        let allowed = Allowed::of(profile.as_ref());
        check_names(&names, allowed.names)?;
        let replaces = match request["replaces"].as_str() {
            None => None,
            Some(_) if self.knobs.fails_at_replaces => {
                return Err(Problem::new(500, "serverInternal", "Error creating new order"));
            }
            Some(id) => Some(self.replaceable(id, account, &names)?),
        };
        let exempt = replaces.is_some_and(|(_, inside)| inside);
        // The frontend counts before the RA finds one that it hands out again, whatever either says that it replaces.
        self.count_order(account, &names, exempt)?;
        if let Some(order) = self.reusable(account, &names, profile.as_ref()) {
            return Ok(self.order_answer(201, &order));
        }
        let authorizations = names.iter().map(|name| self.authorization_of(account, name, profile.as_ref())).collect();
        let order = Order {
            id: self.next(),
            account,
            names,
            authorizations,
            profile,
            replaces: replaces.filter(|_| exempt).map(|(index, _)| self.certificates[index].serial.clone()),
            says_replaces: request["replaces"].as_str().map(str::to_owned),
            expires: self.now + allowed.order,
            processing: None,
            error: None,
            certificate: None,
        };
        if let Some((index, _)) = replaces {
            let serial = self.certificates[index].serial.clone();
            self.certificates[index].replaced = true;
            self.replaced.push(serial);
        }
        self.orders.push(order.clone());
        Ok(self.order_answer(201, &order))
    }

    /// An order for the same names that nobody has finalized.
    fn reusable(&self, account: u64, names: &[String], profile: Option<&String>) -> Option<Order> {
        let same = |order: &&Order| {
            order.account == account
                && order.names == names
                && order.profile.as_ref() == profile
                && self.now < order.expires
        };
        let open = |order: &&Order| matches!(self.order_status(order), "pending" | "ready");
        self.orders.iter().filter(|_| self.knobs.reuse).filter(same).find(open).cloned()
    }

    fn authorization_of(&mut self, account: u64, name: &str, profile: Option<&String>) -> u64 {
        let (base, wildcard) = match name.strip_prefix("*.") {
            Some(base) => (base.to_owned(), true),
            None => (name.to_owned(), false),
        };
        let valid = self.authorizations.iter().find(|known| {
            (known.account, &known.name, known.wildcard, known.status) == (account, &base, wildcard, "valid")
                && known.profile.as_ref() == profile
                && self.now < known.expires
        });
        if let Some(known) = valid.filter(|_| self.knobs.reuse) {
            return known.id;
        }
        let id = self.next();
        let token = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("{id}-{base}").as_bytes()));
        let expires = self.now + Allowed::of(profile).pending;
        let (name, status, profile, error) = (base, "pending", profile.cloned(), None);
        let made = Authorization { id, account, name, wildcard, profile, status, expires, token, error };
        self.authorizations.push(made);
        id
    }

    fn authorization(&self, id: u64) -> Option<&Authorization> {
        self.authorizations.iter().find(|known| known.id == id)
    }

    /// wfe2 has none that has expired.
    fn current_authorization(&self, account: u64, id: u64, what: &str) -> Result<&Authorization, Problem> {
        let known = self.authorization(id).filter(|known| known.account == account);
        let known = known.ok_or_else(|| Problem::new(404, "malformed", format!("No such {what}")))?;
        match self.now < known.expires {
            true => Ok(known),
            false => Err(Problem::new(404, "malformed", format!("Expired {what}"))),
        }
    }

    pub(crate) fn order_status(&self, order: &Order) -> &'static str {
        if order.certificate.is_some() {
            return "valid";
        }
        if order.error.is_some() {
            return "invalid";
        }
        if let Some((since, _)) = order.processing {
            return if self.now - since < self.knobs.processing { "processing" } else { "valid" };
        }
        let authorizations = order.authorizations.iter().filter_map(|id| self.authorization(*id));
        let (statuses, expired): (Vec<_>, Vec<_>) =
            authorizations.map(|known| (known.status, known.expires <= self.now)).unzip();
        match () {
            () if statuses.contains(&"invalid") || expired.contains(&true) => "invalid",
            () if statuses.iter().all(|status| *status == "valid") => "ready",
            () => "pending",
        }
    }

    pub(crate) fn order_answer(&mut self, status: u16, order: &Order) -> Answer {
        let state = self.order_status(order);
        let url = format!("{}/order/{}", self.base, order.id);
        let mut body = json!({
            "status": state,
            "expires": order.expires.replace_nanosecond(0).expect("a time").format(&Rfc3339).expect("a time"),
            "identifiers": order.names.iter().map(|name| json!({"type": "dns", "value": name})).collect::<Vec<_>>(),
            "authorizations": order.authorizations.iter().map(|id| format!("{}/authz/{id}", self.base)).collect::<Vec<_>>(),
            "finalize": format!("{}/finalize/{}", self.base, order.id),
        });
        if let Some(profile) = &order.profile {
            body["profile"] = json!(profile);
        }
        if let Some(replaces) = order.says_replaces.as_ref().filter(|_| self.knobs.echoes_replaces) {
            body["replaces"] = json!(replaces);
        }
        if let Some(error) = &order.error {
            body["error"] = error.to_json();
        }
        if state == "valid" {
            let index = order.certificate.or(order.processing.map(|(_, index)| index)).expect("issued");
            body["certificate"] = json!(format!("{}/cert/{index}", self.base));
        }
        let wait = (state == "processing").then_some(self.knobs.retry_after);
        Answer::json(status, body).at(url).after(wait)
    }

    pub(crate) fn find_order(&self, account: u64, id: u64) -> Result<Order, Problem> {
        let found = self.orders.iter().find(|order| order.id == id && order.account == account);
        let found = found.filter(|order| self.now < order.expires).cloned();
        found.ok_or_else(|| Problem::new(404, "malformed", format!("No order for ID {id}")))
    }

    pub(crate) fn authorization_answer(&self, account: u64, id: u64) -> Result<Answer, Problem> {
        let known = self.current_authorization(account, id, "authorization")?;
        let kinds: &[&str] = if known.wildcard { &["dns-01"] } else { &["http-01", "dns-01"] };
        let challenges = kinds.iter().map(|kind| self.challenge(known, kind)).collect::<Vec<_>>();
        let mut body = json!({
            "identifier": {"type": "dns", "value": known.name},
            "status": known.status,
            "expires": known.expires.replace_nanosecond(0).expect("a time").format(&Rfc3339).expect("a time"),
            "challenges": challenges,
        });
        if known.wildcard {
            body["wildcard"] = json!(true);
        }
        Ok(Answer::json(200, body))
    }

    fn challenge(&self, known: &Authorization, kind: &str) -> Value {
        let url = format!("{}/chall/{}/{kind}", self.base, known.id);
        let mut challenge = json!({"type": kind, "url": url, "token": known.token, "status": known.status});
        if let Some((_, error)) = known.error.as_ref().filter(|(of, _)| of == kind) {
            challenge["error"] = error.to_json();
        }
        challenge
    }

    /// Answers with the challenge as it was: the client has to look again, as at Boulder, which validates behind its back. Here that
    /// takes no time.
    pub(crate) fn answer_challenge(&mut self, account: u64, id: u64, kind: &str) -> Result<Answer, Problem> {
        let known = self.current_authorization(account, id, "challenge")?.clone();
        let answer = Answer::json(200, self.challenge(&known, kind));
        if known.status == "pending" {
            let thumbprint = self.accounts.iter().find(|one| one.id == account).map(|one| one.thumbprint.clone());
            let authorization = format!("{}.{}", known.token, thumbprint.unwrap_or_default());
            let expected = match kind {
                "http-01" => authorization,
                _ => BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, authorization.as_bytes())),
            };
            let (name, token) = (known.name.clone(), known.token.clone());
            let lookup = Lookup { name, kind: kind.to_owned(), perspective: 0, token, expected };
            let outcome = self.validate(&lookup);
            let now = self.now;
            let stored = self.authorizations.iter_mut().find(|one| one.id == id).expect("it was found");
            match outcome {
                Ok(()) => (stored.status, stored.expires) = ("valid", now + Allowed::of(stored.profile.as_ref()).valid),
                Err(error) => {
                    // Whatever it failed by, the CA's own failure too (`ra.countFailedValidations`).
                    self.counted.failures.entry((account, known.name.clone())).or_default().push(now);
                    stored.status = "invalid";
                    stored.error = Some((kind.to_owned(), error));
                }
            }
        }
        Ok(answer)
    }

    /// wfe2 `FinalizeOrder`: 200 with `processing` where issuance is asynchronous.
    pub(crate) fn finalize(&mut self, account: u64, id: u64, csr: &[u8]) -> Result<Answer, Problem> {
        let order = self.find_order(account, id)?;
        match self.order_status(&order) {
            "ready" => {}
            status => {
                let detail = format!("Order's status (\"{status}\") is not acceptable for finalization");
                return Err(Problem::new(403, "orderNotReady", detail));
            }
        }
        let outcome = self.issue(&order, csr);
        let (asynchronous, now) = (self.knobs.processing > Duration::ZERO, self.now);
        let stored = self.orders.iter_mut().find(|one| one.id == id).expect("it was found");
        match outcome {
            Ok(index) if asynchronous => stored.processing = Some((now, index)),
            Ok(index) => stored.certificate = Some(index),
            // The request's own fault leaves the order as it is; CAA ends it.
            Err(problem) if problem.kind == "caa" => stored.error = Some(problem),
            Err(problem) => return Err(problem),
        }
        let order = stored.clone();
        if let Some(problem) = order.error.clone().filter(|_| !asynchronous) {
            return Err(problem);
        }
        debug_assert!(!registered(&order.names[0]).is_empty());
        Ok(self.order_answer(200, &order))
    }
}
