//! What tools and embedders ask of a policy, without a request.

use portcullis::parts::TrailingSlash;
use portcullis::trace::HypotheticalCaller;
use portcullis::{Permission, PolicyError};
use portcullis_tests::*;

#[test]
fn permissions_without_a_route_of_callers_who_are_not_there() {
    let gate = agentflow();
    let permission = |text: &str| Permission::parse(text).unwrap();
    let user = HypotheticalCaller::with_roles(["user", "guest"]);
    assert_eq!((user.roles(), user.is_anonymous()), (&["user".to_owned(), "guest".to_owned()][..], false));
    let nobody = HypotheticalCaller::anonymous();
    assert_eq!((nobody.roles(), nobody.is_anonymous()), (&[][..], true));
    for (caller, asked, expected) in [
        (&user, "graph:stream", Ok(())),
        (&user, "graph:stop", Err(PolicyError::PermissionMissing)),
        (&user.clone().narrowed_to(["store:read"]), "graph:stream", Err(PolicyError::ScopeMissing)),
        (&nobody, "graph:invoke", Err(PolicyError::PermissionMissing)),
    ] {
        assert_eq!(gate.would_authorize(caller, &permission(asked)), expected, "{asked}");
    }
}

#[test]
fn a_policy_says_how_its_origin_takes_head_requests_and_slashes() {
    let said = |members: &str| {
        let gate = load(&format!(
            r#"{{"profile":"generic","issuers":[{{"keys":[{{"alg":"HS256","secret":{{"env":"JWT_SECRET_KEY"}}}}]}}],"policy":{{{members}"routes":{{"GET /a":"public"}}}}}}"#
        ));
        let routes = &gate.parts().policy.routes;
        (routes.head_follows_get(), routes.trailing_slash() == TrailingSlash::Ignored)
    };
    assert_eq!(said(""), (false, false));
    assert_eq!(said(r#""head":"follows_get","#), (true, false));
    assert_eq!(said(r#""trailing_slash":"ignored","#), (false, true));
}
