//! Requests no client sends: the gate answers each, none of them breaks it, and none reaches the origin unless it was
//! allowed.

use anyhow::Result;

use portcullis_test_support::client::{self, Request};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::patience::PATIENCE;

use crate::lab::Lab;
use crate::report::Report;

/// Random requests; each takes about a millisecond.
const RANDOM_REQUESTS: usize = 500;

pub(crate) async fn check(lab: &Lab) -> Result<Report> {
    let mut report = Report::default();
    let token = tokens::identity_provider("alice", Some("user"), &lab.secrets.identity_provider, 300)?;
    crafted(lab, &token, &mut report).await?;
    random(lab, &token, &mut report).await?;
    Ok(report)
}

async fn crafted(lab: &Lab, token: &str, report: &mut Report) -> Result<()> {
    let get = |target: &str| Request::new("GET", target);
    let bearer = format!("Bearer {token}");
    let many = (0..500)
        .fold(get("/v1/threads"), |request, number| request.header(format!("X-Filler-{number}"), "x"));
    let chunked =
        get("/v1/threads").header("Transfer-Encoding", "chunked").bearer(token).json("2\r\n{}\r\n0\r\n\r\n");
    // The statuses one of which has to come: the gate's, and where the host itself may refuse first, the host's.
    let cases = [
        ("two Authorization lines", get("/v1/threads").bearer(token).bearer("another"), &[400][..]),
        (
            "two credentials in one line",
            get("/v1/threads").header("Authorization", format!("{bearer}, Bearer another")),
            &[400],
        ),
        (
            "token and API key",
            get("/v1/threads").bearer(token).header("X-API-Key", &lab.secrets.api_key),
            &[400],
        ),
        ("a token of 60 KB", get("/v1/threads").bearer(&"a".repeat(60 * 1024)), &[401]),
        ("a token of 200 KB", get("/v1/threads").bearer(&"a".repeat(200 * 1024)), &[401, 431]),
        ("500 headers, no token", many.clone(), &[401]),
        ("500 headers and a token", many.bearer(token), &[200]),
        (
            "bytes that are not UTF-8 in a token",
            get("/v1/threads").header("Authorization", b"Bearer \xff\xfe"),
            &[401],
        ),
        (
            "bytes that are not UTF-8 elsewhere",
            get("/v1/threads").header("X-Note", b"\xff\xfe").bearer(token),
            &[200],
        ),
        ("bytes that are not UTF-8 in the path", Request::new("GET", b"/v1/\xff\xfe").bearer(token), &[400]),
        ("an encoded slash", get("/v1/threads%2f..%2f..%2fdocs").bearer(token), &[400]),
        ("double encoding", get("/v1/%2574hreads").bearer(token), &[400]),
        ("a backslash", get("/v1\\threads").bearer(token), &[400]),
        ("dots past the root", get("/v1/../../docs").bearer(token), &[403]),
        // workerd cuts it off before the gate sees the target.
        ("a fragment", get("/v1/threads#/ping").bearer(token), &[200, 400]),
        ("a path parameter on dots", get("/v1/threads/..;/..;/docs").bearer(token), &[400]),
        ("another host in the target", get("http://elsewhere.example/v1/threads").bearer(token), &[200, 400]),
        ("a query in Host", get("/v1/threads").header("Host", "gate?x=1").bearer(token), &[400]),
        // Indistinguishable from a path that begins with it, and treated as one: /ping/v1/threads.
        ("a path in Host", get("/v1/threads").header("Host", "gate/ping").bearer(token), &[403]),
        ("a fragment in Host", get("/v1/threads").header("Host", "gate#").bearer(token), &[400]),
        ("a user in Host", get("/v1/threads").header("Host", "user@gate").bearer(token), &[400]),
        (
            "two lengths",
            get("/v1/threads")
                .header("Content-Length", "0")
                .header("Content-Length", "2")
                .bearer(token)
                .json("{}"),
            &[400],
        ),
        // workerd goes by the chunks, as RFC 9112 section 6.3 allows, and frames the body anew.
        ("a length and chunks", chunked, &[200, 400]),
        ("the asterisk", Request::new("OPTIONS", "*").bearer(token), &[400]),
        ("a made-up method", Request::new("THREADS", "/v1/threads").bearer(token), &[403, 501]),
        ("WEBSOCKET as a method", Request::new("WEBSOCKET", "/v1/graph/ws").bearer(token), &[403, 501]),
        ("a method in lower case", Request::new("get", "/v1/threads").bearer(token), &[403, 501]),
        ("an upgrade to h2c", get("/v1/threads").header("Upgrade", "h2c").bearer(token), &[200]),
        (
            "an identity dropped by Connection",
            get("/v1/threads").header("Connection", "X-Auth-Subject").bearer(token),
            &[400],
        ),
        (
            "another method by header",
            get("/v1/threads").header("X-HTTP-Method-Override", "DELETE").bearer(token),
            &[200],
        ),
        (
            "another path by header",
            get("/v1/threads").header("X-Original-URL", "/docs").bearer(token),
            &[200],
        ),
    ];
    for (what, request, statuses) in cases {
        let before = lab.recorder.arrivals().len();
        let status = client::send(lab.recorded.address(), &request).await?.status;
        report.holds(&format!("{what}: one of {statuses:?}"), statuses.contains(&status), status);
        let arrivals = lab.recorder.arrivals();
        report.equal(&format!("{what}: arrivals"), arrivals.len() - before, usize::from(status == 200));
        for arrival in arrivals.iter().skip(before) {
            let told: Vec<&str> = arrival.header("x-auth-subject").collect();
            let as_decided = arrival.target == "/v1/threads" && arrival.method == "GET" && told == ["alice"];
            report.holds(&format!("{what}: the origin sees what was decided on"), as_decided, arrival);
            let leaked = ["upgrade", "x-http-method-override", "x-original-url"]
                .iter()
                .find(|name| arrival.header(name).next().is_some());
            report.equal(&format!("{what}: removed headers"), leaked, None);
            let framings =
                arrival.header("content-length").chain(arrival.header("transfer-encoding")).count();
            report.holds(&format!("{what}: the body has one length"), framings <= 1, arrival);
        }
    }
    Ok(())
}

/// Random methods, paths and headers, with and without a valid token: no failure of the host, and the origin sees as
/// many requests as the gate says it allowed.
async fn random(lab: &Lab, token: &str, report: &mut Report) -> Result<()> {
    let decided = decisions(lab).await?;
    let arrived = lab.recorder.arrivals().len();
    let allowed = |decisions: &[serde_json::Value]| {
        decisions
            .iter()
            .filter(|line| line.get("decision").is_some_and(|decision| decision == "allow"))
            .count()
    };
    let allowed_before = allowed(&decided);

    let mut dice = Dice(tokens::now_secs());
    let seed = dice.0;
    let (mut answered, mut dropped) = (0, 0);
    for number in 0..RANDOM_REQUESTS {
        let request = dice.request(number.is_multiple_of(2).then_some(token));
        match client::send(lab.recorded.address(), &request).await {
            // What is not HTTP at all, the host may answer by closing the connection.
            Err(_) => dropped += 1,
            Ok(response) => {
                answered += 1;
                // 501 is workerd's answer to a method it does not know.
                let fine = response.status < 500 || response.status == 501;
                report.holds("a random request: no failure", fine, (seed, number, response.status, &request));
            }
        }
    }
    report.holds(
        "random requests: most are answered",
        answered > RANDOM_REQUESTS / 4,
        (seed, answered, dropped),
    );
    let allowed = allowed(&decisions(lab).await?) - allowed_before;
    report.equal(
        "random requests: arrivals are those allowed",
        lab.recorder.arrivals().len() - arrived,
        allowed,
    );
    let alive =
        client::send(lab.recorded.address(), &Request::new("GET", "/v1/threads").bearer(token)).await?;
    report.equal("after random requests: the gate still works", alive.status, 200);
    Ok(())
}

/// What was decided about every request that has been answered. A line of the log comes after the response, but lines keep
/// their order: so that of one more request is waited for, the only kind here with an API key.
async fn decisions(lab: &Lab) -> Result<Vec<serde_json::Value>> {
    let last = |decisions: &[serde_json::Value]| {
        decisions.iter().filter(|line| line.get("key_id").is_some_and(|id| !id.is_null())).count()
    };
    let before = last(&lab.recorded.decisions());
    let marker = Request::new("GET", "/v1/threads").header("X-API-Key", &lab.secrets.api_key);
    client::send(lab.recorded.address(), &marker).await?;
    let mut decisions = lab.recorded.decisions();
    while last(&decisions) == before {
        let known = decisions.len();
        decisions = lab.recorded.wait_for_decisions(known + 1, PATIENCE);
        anyhow::ensure!(decisions.len() > known, "the log has no line of the last request");
    }
    Ok(decisions)
}

/// A generator of random requests (Knuth's MMIX constants); seeded, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The high bits are the good ones.
        usize::try_from(self.0 >> 40).unwrap_or(0) % bound
    }

    fn pick<'a>(&mut self, choices: &[&'a [u8]]) -> &'a [u8] {
        choices[self.below(choices.len())]
    }

    /// Up to `longest` bytes that do not end a line or a request line.
    fn bytes(&mut self, longest: usize, space: bool) -> Vec<u8> {
        let count = self.below(longest + 1);
        let bytes = (0..count).map(|_| u8::try_from(self.below(256)).unwrap_or(0));
        bytes.filter(|byte| !b"\r\n\0".contains(byte) && (space || *byte != b' ')).collect()
    }

    fn request(&mut self, token: Option<&str>) -> Request {
        const METHODS: &[&[u8]] =
            &[b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"HEAD", b"PATCH", b"TRACE", b"X", b"get"];
        const PIECES: &[&[u8]] = &[
            b"/",
            b"v1",
            b"/v1",
            b"/threads",
            b"/graph",
            b"/stream",
            b"/docs",
            b"..",
            b".",
            b";",
            b"%2f",
            b"%2e",
            b"%",
            b"%00",
            b"%25",
            b"\\",
            b"?",
            b"#",
            b"token=",
            b"&",
            b":",
            b"@",
            b"%c3%a9",
            b"\xc3\xa9",
            b"{",
            b"|",
        ];
        const NAMES: &[&[u8]] = &[
            b"Authorization",
            b"X-API-Key",
            b"Sec-WebSocket-Protocol",
            b"Connection",
            b"Upgrade",
            b"X-Auth-Subject",
            b"Origin",
            b"Access-Control-Request-Method",
            b"Accept",
            b"Cookie",
        ];
        let mut target = b"/".to_vec();
        for _ in 0..self.below(8) {
            target.extend(self.pick(PIECES));
            if self.below(4) == 0 {
                target.extend(self.bytes(4, false));
            }
        }
        let mut request = Request::new("", target);
        request.method = self.pick(METHODS).to_vec();
        for _ in 0..self.below(4) {
            let value = if self.below(2) == 0 { self.bytes(60, true) } else { self.pick(PIECES).to_vec() };
            request = request.header(self.pick(NAMES), value);
        }
        match token {
            Some(token) => request.bearer(token),
            None => request,
        }
    }
}
