//! Every small policy: Cedar and the model, which the core is compared with elsewhere, say the same.

use portcullis_reference::roles::have;
use portcullis_reference::share;
use portcullis_reference::small::{ACTIONS, POLICIES, RESOURCES, held, policies};
use portcullis_reference_cedar::Translated;

#[test]
fn all_small_policies() {
    let permissions: Vec<(&str, &str)> =
        RESOURCES.iter().flat_map(|resource| ACTIONS.iter().map(|action| (*resource, *action))).collect();
    let (mut asked, mut allowed) = (0, 0);
    for roles in policies(share()) {
        let translated = Translated::new(&roles);
        for held in held() {
            let theirs = translated.allows(&held, permissions.iter().copied());
            let ours: Vec<bool> = permissions
                .iter()
                .map(|(resource, action)| have(&roles, &held, &format!("{resource}:{action}")))
                .collect();
            assert_eq!(theirs, ours, "Cedar, then the model: {held:?}, {roles:?}");
            asked += theirs.len();
            allowed += theirs.iter().filter(|allowed| **allowed).count();
        }
    }
    println!(
        "{POLICIES} policies, one in {} asked of Cedar; {asked} answers, {allowed} of them yes",
        share()
    );
    assert!(allowed > 0 && allowed < asked);
}
