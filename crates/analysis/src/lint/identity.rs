//! Lints of asking who callers are, and whose objects are.

use portcullis_config::{Configuration, DiagnosticList, Lint};

pub(crate) fn check(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    let policy = &configuration.document.policy;
    if configuration.system.objects.is_some() && policy.objects.is_none() {
        diagnostics.push(
            Lint::ObjectsUnasked,
            "/policy",
            "some routes of the profile name objects, and nobody is asked whether they are the caller's",
        );
    }
    let Some(identity) = &configuration.gate.parts().identity else { return };
    let document = &configuration.document;
    if identity.opaque && document.limits.failures.is_none() {
        diagnostics.push(
            Lint::AsksUnlimited,
            "/identity",
            "asked about whatever anybody sends, and nothing limits how many credentials of one client fail",
        );
    }
    if !identity.tokens {
        return;
    }
    for (index, issuer) in document.issuers.iter().enumerate() {
        let written =
            [("subject_roles", !issuer.subject_roles.is_empty()), ("roles", issuer.roles.is_some())];
        for (member, _) in written.into_iter().filter(|(_, is_written)| *is_written) {
            diagnostics.push(
                Lint::RolesOverridden,
                format!("/issuers/{index}/{member}"),
                "has no effect: \"identity\" is about tokens, and their callers have the roles that its answers give",
            );
        }
    }
}
