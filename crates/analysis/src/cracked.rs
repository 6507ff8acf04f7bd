//! Secrets that stand in a public list, from which crackers of tokens try them first.
//!
//! Only a tool can look: the list is longer than all that a host needs of a configuration.

use hmac_sha256::Hash;
use portcullis::json::pointer_to;
use portcullis_config::document::{Document, IdentityDocument, SecretDocument};
use portcullis_config::{ConfigError, Secrets};

/// The list; `cracked/README.md` says where it is from.
const LIST: &str = include_str!("../cracked/secrets.txt");

/// How many hexadecimal digits of a digest it has.
const DIGITS: usize = 16;

/// What is wrong with the secrets that `document` names: those that are on the list, as `secrets` has them.
pub fn cracked(document: &Document, secrets: &dyn Secrets) -> Vec<ConfigError> {
    let is_listed = |(_, secret): &(String, &SecretDocument)| {
        secrets.get(&secret.env).is_some_and(|value| is_on_the_list(value.as_bytes()))
    };
    let wrong = |(pointer, secret): (String, &SecretDocument)| {
        let hint = secrets.hint(&secret.env);
        let message = format!(
            "the secret is on a public list of secrets, whose entries are the first that are tried on a token (wallarm/jwt-secrets); replace it, where it is used, by one that nobody has made up: {hint}"
        );
        ConfigError::new(format!("{pointer}/env"), message)
    };
    named(document).into_iter().filter(is_listed).map(wrong).collect()
}

/// The secrets that a document names, and where.
fn named(document: &Document) -> Vec<(String, &SecretDocument)> {
    let issuers = document.issuers.iter().enumerate();
    let keys = issuers.flat_map(|(issuer, written)| {
        let keys = written.keys.iter().enumerate();
        keys.map(move |(key, written)| (issuer, key, written.secret.as_ref()))
    });
    let keys = keys.filter_map(|(issuer, key, secret)| {
        let place = pointer_to(&["issuers", &issuer.to_string(), "keys", &key.to_string(), "secret"]);
        Some((place, secret?))
    });
    let pepper = document.api_keys.as_ref().and_then(|api_keys| api_keys.pepper.as_ref());
    let minted = document.upstream.token.as_ref().map(|token| &token.secret);
    let client = match &document.identity {
        Some(IdentityDocument::Asked(members)) => members.client.as_ref().map(|client| &client.secret),
        Some(IdentityDocument::Origin) | None => None,
    };
    let session = document.credentials.session.as_ref().map(|session| &session.secret);
    let others = [
        ("/api_keys/pepper", pepper),
        ("/upstream/token/secret", minted),
        ("/identity/client/secret", client),
        ("/credentials/session/secret", session),
    ];
    let origin_keys = document.upstream.origin_key.iter().flat_map(|keys| keys.secrets());
    let origin_keys = origin_keys.map(|(below, secret)| (format!("/upstream/origin_key{below}"), secret));
    keys.chain(origin_keys)
        .chain(others.into_iter().filter_map(|(place, secret)| Some((place.to_owned(), secret?))))
        .collect()
}

fn is_on_the_list(secret: &[u8]) -> bool {
    let digest: String = Hash::hash(secret).iter().map(|byte| format!("{byte:02x}")).collect();
    let Some(digits) = digest.get(..DIGITS) else { return false };
    let listed: Vec<&str> = LIST.lines().collect();
    listed.binary_search(&digits).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{DIGITS, LIST, is_on_the_list};

    #[test]
    fn the_list_can_be_searched() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert_eq!(lines.len(), 1830);
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
        let is_hex = |line: &&str| line.len() == DIGITS && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(lines.iter().all(is_hex));
    }

    #[test]
    fn what_is_on_it_is_found() {
        for secret in ["reallyreallyreallyreallyverysafe", "$gbK!srXc2Oivn8ZjHa8WRel&Zy4481W"] {
            assert!(is_on_the_list(secret.as_bytes()), "{secret}");
        }
        for secret in ["", "reallyreallyreallyreallyverysafe\n", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"] {
            assert!(!is_on_the_list(secret.as_bytes()), "{secret}");
        }
    }
}
