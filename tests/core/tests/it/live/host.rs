//! The scripted host: a clock, pages that can be served, and what was asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jwt_simple::common::HeaderOptions;
use jwt_simple::prelude::*;
use portcullis::api_key::RecordLookup;
use portcullis::{
    Call, CallNeed, CallTarget, Gate, HeaderPair, LiveGate, Need, Refresh, Reply, RequestHead,
    RevocationLookup, Step, UnixTime, Verdict, WaitNeed,
};
use portcullis_tests::{NOW, load, outcome};
use serde_json::{Value, json};

pub(super) const ISSUER: &str = "https://idp.example";
pub(super) const KEYS: &str = "https://idp.example/keys";

/// A document of one issuer whose keys are fetched, with `members` besides.
pub(super) fn fetching(jwks: &Value, members: &Value) -> String {
    let mut document = json!({
        "profile": "generic",
        "issuers": [{"issuer": ISSUER, "audience": "api", "jwks": jwks}],
        "policy": {"roles": {"user": {"permissions": ["x:read"]}, "admin": {"permissions": ["x:*"]}},
            "default_role": "user", "routes": {"GET /x": "x:read", "DELETE /x": "x:delete", "POST /login": "public"}},
    });
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document.to_string()
}

/// The usual one.
pub(super) fn by_url() -> String {
    fetching(&json!({"url": KEYS}), &json!({}))
}

/// An issuer's key.
pub(super) struct Signer {
    kid: String,
    pair: Ed25519KeyPair,
}

impl Signer {
    pub(super) fn new(kid: &str) -> Self {
        Self { kid: kid.to_owned(), pair: Ed25519KeyPair::generate().with_key_id(kid) }
    }

    pub(super) fn jwk(&self) -> Value {
        let x = portcullis::base64url::encode(&self.pair.public_key().to_bytes());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "use": "sig", "alg": "EdDSA", "x": x})
    }

    pub(super) fn sign(&self, claims: Value) -> String {
        self.sign_as("JWT", claims)
    }

    /// The same with another `typ`.
    pub(super) fn sign_as(&self, typ: &str, claims: Value) -> String {
        let mut set = Claims::with_custom_claims(claims, Duration::from_secs(1));
        (set.issued_at, set.expires_at, set.invalid_before) = (None, None, None);
        let options = HeaderOptions { content_type: None, signature_type: Some(typ.to_owned()) };
        self.pair.sign_with_options(set, &options).unwrap()
    }

    /// A token of `subject` that is good for a day.
    pub(super) fn token(&self, subject: &str) -> String {
        self.sign(json!({"iss": ISSUER, "aud": "api", "sub": subject, "exp": NOW + 86_400}))
    }
}

/// What is served at an address.
#[derive(Debug, Clone)]
pub(super) struct Page {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Page {
    pub(super) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type".to_owned(), kind.to_owned())], body: body.into() }
    }

    pub(super) fn json(body: &Value) -> Self {
        Self::new(200, "application/json", body.to_string())
    }

    pub(super) fn keys(signers: &[&Signer]) -> Self {
        Self::json(&json!({"keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>()}))
    }

    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A cache that hosts share: sealed answers by their names.
pub(super) type Cache = Rc<RefCell<BTreeMap<String, String>>>;

/// A gate, what surrounds it, and what it has asked for.
pub(super) struct Host {
    pub(super) gate: LiveGate,
    pub(super) now: u64,
    /// By URL, or `origin` and the path; nobody answers at any other.
    pub(super) pages: BTreeMap<String, Page>,
    /// When what was asked for, in order.
    pub(super) sent: Vec<(u64, String)>,
    /// The last call, for a look at what was in it.
    pub(super) last: Option<Call>,
    pub(super) client: &'static str,
    /// Its store of revocations, if that answers, and how often it was asked.
    pub(super) store: Option<BTreeMap<String, String>>,
    pub(super) asked_store: usize,
    /// The cache that it shares with others, if it does.
    pub(super) cache: Option<Cache>,
}

impl Host {
    pub(super) fn new(document: &str) -> Self {
        Self::of(load(document))
    }

    pub(super) fn of(gate: Gate) -> Self {
        Self::around(LiveGate::new(gate, 7).with_one_store())
    }

    /// One whose requests bring what they know of records, each from elsewhere.
    pub(super) fn without_one_store(document: &str) -> Self {
        Self::around(LiveGate::new(load(document), 7))
    }

    fn around(gate: LiveGate) -> Self {
        Self {
            gate,
            now: NOW,
            pages: BTreeMap::new(),
            sent: Vec::new(),
            last: None,
            client: "192.0.2.1",
            store: Some(BTreeMap::new()),
            asked_store: 0,
            cache: None,
        }
    }

    pub(super) fn serving(document: &str, pages: &[(&str, Page)]) -> Self {
        let mut host = Self::new(document);
        host.pages.extend(pages.iter().map(|(url, page)| ((*url).to_owned(), page.clone())));
        host
    }

    pub(super) fn time(&self) -> UnixTime {
        UnixTime::from_secs(self.now)
    }

    pub(super) fn serve(&mut self, url: &str, page: Page) {
        self.pages.insert(url.to_owned(), page);
    }

    pub(super) fn send(&mut self, call: &Call) -> Option<Page> {
        let address = match call.target() {
            CallTarget::Url(url) => url.clone(),
            CallTarget::Origin(path) => format!("origin{path}"),
        };
        self.last = Some(call.clone());
        let page = self.pages.get(&address).cloned();
        self.sent.push((self.now, address));
        page
    }

    /// The first step of a request.
    pub(super) fn begin(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Step {
        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
        let head = RequestHead::new(method, target, &pairs).with_client(self.client);
        self.gate.begin(&head, self.time())
    }

    pub(super) fn begin_with(&mut self, token: &str) -> Step {
        self.begin("GET", "/x", &[("authorization", &format!("Bearer {token}"))])
    }

    /// The same in front of `place`, where the instances share `cache`.
    pub(super) fn sharing(document: &str, place: &str, cache: &Cache) -> Self {
        let gate = LiveGate::new(load(document), 7).with_one_store().with_shared_cache(place);
        Self { cache: Some(Rc::clone(cache)), ..Self::around(gate) }
    }

    /// What comes next when a call has been answered.
    pub(super) fn answer(&mut self, need: CallNeed, page: Option<&Page>) -> Step {
        let now = UnixTime::from_secs(self.now);
        let step = with_reply(page, |reply| self.gate.supply_reply(need, reply, now));
        // Each answer has a number of its own.
        let random = format!("{:p} {}", &raw const *self, self.sent.len());
        if let (Some(answer), Some(cache)) = (self.gate.take_shared(&random), &self.cache) {
            cache.borrow_mut().insert(answer.name, answer.sealed);
        }
        step
    }

    /// What comes next when the cache has been looked into.
    fn look(&mut self, need: CallNeed) -> Step {
        let sealed = self.cache.as_ref().and_then(|cache| {
            let name = need.shared_name().unwrap_or_default();
            cache.borrow().get(name).cloned()
        });
        self.gate.supply_shared(need, sealed.as_deref().map(str::as_bytes), self.time())
    }

    /// The verdict, where whatever is asked for is answered at once.
    pub(super) fn finish(&mut self, mut step: Step) -> Verdict {
        loop {
            step = match step {
                Step::Verdict(verdict) => return verdict,
                Step::Need(Need::Call(need)) if need.shared_name().is_some() => self.look(need),
                Step::Need(Need::Call(need)) => {
                    let page = self.send(need.call());
                    self.answer(need, page.as_ref())
                }
                Step::Need(Need::Wait(need)) => self.gate.again(need, self.time()),
                Step::Need(Need::ApiKeyRecord(need)) => {
                    self.gate.supply_record(need, &RecordLookup::NotFound, self.time())
                }
                Step::Need(Need::Revocations(need)) => {
                    let found = self.store.as_ref().map(|store| {
                        let values = need.store_keys().iter().map(|key| store.get(key).map(String::as_str));
                        values.collect::<Vec<_>>()
                    });
                    self.asked_store += 1;
                    let found =
                        found.as_deref().map_or(RevocationLookup::Unavailable, RevocationLookup::Found);
                    self.gate.supply_revocations(need, &found, UnixTime::from_secs(self.now))
                }
                Step::Need(Need::Body(need)) => self.gate.supply_body(need, None, self.time()),
            };
        }
    }

    pub(super) fn verdict(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Verdict {
        let step = self.begin(method, target, headers);
        self.finish(step)
    }

    /// Status and reason of a `GET /x` with this bearer token.
    pub(super) fn with(&mut self, token: &str) -> (u16, &'static str) {
        let verdict = self.verdict("GET", "/x", &[("authorization", &format!("Bearer {token}"))]);
        outcome(&verdict)
    }

    /// Fetches what is due.
    pub(super) fn tick(&mut self) {
        while let Some(refresh) = self.gate.due(self.time()) {
            let mut next = Some(refresh);
            while let Some(refresh) = next {
                let page = self.send(refresh.call());
                next = self.refreshed(&refresh, page.as_ref());
            }
        }
    }

    pub(super) fn refreshed(&mut self, refresh: &Refresh, page: Option<&Page>) -> Option<Refresh> {
        with_reply(page, |reply| self.gate.refreshed(refresh, reply, UnixTime::from_secs(self.now)))
    }

    /// How often something was asked for.
    pub(super) fn count(&self, address: &str) -> usize {
        self.sent.iter().filter(|(_, sent)| sent == address).count()
    }
}

fn with_reply<T>(page: Option<&Page>, take: impl FnOnce(Option<&Reply<'_>>) -> T) -> T {
    let Some(page) = page else { return take(None) };
    let headers: Vec<_> = page.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
    take(Some(&Reply { status: page.status, headers: &headers, body: &page.body }))
}

pub(super) fn call(step: Step) -> CallNeed {
    match step {
        Step::Need(Need::Call(need)) => need,
        other => panic!("a call is needed, not {other:?}"),
    }
}

pub(super) fn wait(step: Step) -> WaitNeed {
    match step {
        Step::Need(Need::Wait(need)) => need,
        other => panic!("another decision is waited for, not {other:?}"),
    }
}

/// The header of a refusal.
pub(super) fn header<'v>(verdict: &'v Verdict, name: &str) -> Option<&'v str> {
    let (portcullis::Decision::Deny(answer) | portcullis::Decision::Answer(answer)) = &verdict.decision
    else {
        return None;
    };
    let mut found = answer.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.as_str())
}
