//! Random bodies, and what announces them; and cookies beside the credential's.

use fastrand::Rng;

const VALUES: [&str; 13] = [
    "\"t1\"",
    "\"t1\"",
    "\"t2\"",
    "\"alice\"",
    "[\"t1\"]",
    "[\"t1\", \"t2\"]",
    "[]",
    "null",
    "\"\\u0074\\u0031\"",
    "1",
    "{\"tenant\": \"t1\"}",
    "[[\"t1\"]]",
    "\"t1\\u0000\"",
];
const NAMES: [&str; 6] = ["tenant", "tenant", "tenant", "Tenant", "in", "\\u0074enant"];
const FIELDS: [&str; 14] = [
    "tenant=t1",
    "tenant=t1",
    "tenant=t2",
    "ten%61nt=%74%31",
    "Tenant=t1",
    "tenant[]=t1",
    "a=1",
    "",
    "tenant",
    "tenant=t+1",
    "tenant=t1;a=2",
    "tenant=%zz",
    "tenant =t1",
    "%ff=1",
];
const COOKIES: [&str; 10] = [
    "tenant=t1",
    "tenant=t1",
    "tenant=t2",
    "Tenant=t1",
    "tenant=\"t1\"",
    "tenant=t%31",
    "tenant",
    "a=1",
    "tenant[]=t1",
    "tenant =t1",
];
const TYPES: [&str; 8] = [
    "application/json",
    "application/json",
    "Application/JSON; Charset=UTF-8",
    "application/json; charset=latin1",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/json, text/plain",
];

/// Headers that say what the body is, and the body: now and then, one that does not fit the other.
pub fn body(random: &mut Rng) -> (Vec<(String, String)>, String) {
    let mut headers = Vec::new();
    let announced = TYPES[random.usize(..TYPES.len())];
    for _ in 0..[0, 1, 1, 1, 1, 1, 1, 2][random.usize(..8)] {
        headers.push(("Content-Type".to_owned(), announced.to_owned()));
    }
    if random.u8(..12) == 0 {
        let coding = ["identity", "gzip", "identity, br"][random.usize(..3)];
        headers.push(("Content-Encoding".to_owned(), coding.to_owned()));
    }
    let is_form = if random.u8(..8) == 0 { random.bool() } else { announced.contains("form") };
    let body = match random.u8(..16) {
        0 => String::new(),
        1 => format!("{{\"tenant\": \"t1\"{}}}", " ".repeat(random.usize(65_516..65_525))),
        _ if is_form => {
            let fields = (0..random.usize(1..3)).map(|_| FIELDS[random.usize(..FIELDS.len())]);
            fields.collect::<Vec<_>>().join("&")
        }
        2 => broken(random).to_owned(),
        _ if random.u8(..4) == 0 => format!("{{\"in\": {}}}", object(random)),
        _ => object(random),
    };
    (headers, body)
}

fn object(random: &mut Rng) -> String {
    let members = (0..[0, 1, 1, 1, 1, 2][random.usize(..6)]).map(|_| {
        let (name, value) = (NAMES[random.usize(..NAMES.len())], VALUES[random.usize(..VALUES.len())]);
        format!("\"{name}\": {value}")
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

/// What is no JSON, or not for everybody.
fn broken(random: &mut Rng) -> &'static str {
    [
        "{\"tenant\": \"t1\",}",
        "{\"tenant\": \"t1\"} {}",
        "{'tenant': 't1'}",
        "{\"tenant\": t1}",
        "{\"tenant\": \"t1\"",
        "{\"tenant\": 01}",
        "{\"tenant\": \"\\ud800\"}",
        "\u{feff}{\"tenant\": \"t1\"}",
        "[]",
        "\"t1\"",
        "{\"a\": 1.5e3, \"tenant\": \"t1\"}",
        "{\"a\": NaN, \"tenant\": \"t1\"}",
        "{\"tenant\": \"t\n1\"}",
    ][random.usize(..13)]
}

/// Cookies.
pub fn cookie(random: &mut Rng) -> String {
    let cookies = (0..random.usize(1..3)).map(|_| COOKIES[random.usize(..COOKIES.len())]);
    cookies.collect::<Vec<_>>().join("; ")
}
