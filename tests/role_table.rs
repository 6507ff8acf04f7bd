//! Smoke
mod common;
use common::*;
#[test]
fn smoke() {
    let gate = agentflow();
    for (role, method, target, expected) in [("guest","POST","/v1/graph/invoke",(200,"-")),("guest","GET","/v1/threads",(403,"permission_missing")),("admin","DELETE","//v1/%74hreads/t1",(200,"-"))] {
        let v = decide_with_token(&gate, method, target, &token(role));
        assert_eq!(outcome(&v), expected);
    }
}
