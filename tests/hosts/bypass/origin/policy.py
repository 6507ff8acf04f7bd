"""What a caller may do, worked out from a system's data and a document, by nothing that the gate is made of."""

import itertools
import json
import re

# Headers that say who somebody is, or which request it really was (docs/configuration.md, "Always removed").
OWNED = """
    x-auth-* x-portcullis-* x-forwarded-user x-forwarded-email x-forwarded-groups x-forwarded-preferred-username
    x-forwarded-access-token remote-user remote-groups remote-email remote-name x-remote-* x-user x-user-* x-username
    x-role x-roles x-groups x-token-* x-authenticated-* x-spiffe-* x-consumer-* x-anonymous-consumer x-credential-*
    x-userinfo x-id-token x-authentik-* x-webauth-* x-vouch-* x-pomerium-* teleport-jwt-assertion tailscale-user-*
    cf-access-* x-amzn-oidc-* x-amzn-mtls-clientcert* x-ms-client-principal* x-ms-token-* x-arr-clientcert
    x-goog-authenticated-user-* x-goog-iap-jwt-assertion x-apigateway-api-userinfo x-endpoint-api-userinfo oidc-*
    iv-user iv-groups iv-creds sm-user x-forwarded-client-cert x-forwarded-tls-client-cert* client-cert
    client-cert-chain ssl-client-* x-ssl-client-* x-original-url x-original-uri x-original-path x-original-method
    x-rewrite-url x-forwarded-uri x-forwarded-path x-forwarded-prefix x-forwarded-method x-envoy-original-path
    x-http-method x-http-method-override x-method-override
""".split()
OWNED = re.compile("|".join(name.replace("*", ".*") for name in OWNED))


def pairs(grants):
    """The pairs of resource and action that a list of grants like `graph:{invoke,stream}` names."""
    found = set()
    for grant in grants:
        if grant == "*":
            found.add(("*", "*"))
            continue
        sides = (side.strip("{}").split(",") for side in grant.split(":", 1))
        found.update(itertools.product(*sides))
    return found


def covers(granted, permission):
    resource, action = permission.split(":", 1)
    return any(r in ("*", resource) and a in ("*", action) for r, a in granted)


def at(claims, pointer):
    """The value at a JSON pointer, or None."""
    for name in pointer.split("/")[1:]:
        if not isinstance(claims, dict):
            return None
        claims = claims.get(name.replace("~1", "/").replace("~0", "~"))
    return claims


def listed(value):
    return value if isinstance(value, list) else [] if value is None else [value]


class Principal:
    """A caller whose credential has been verified."""

    def __init__(self, subject, roles, scopes, tenant, claims):
        self.subject, self.roles, self.scopes = subject, roles, scopes
        self.tenant, self.claims = tenant, claims

    def bound(self, source):
        """The values that a binding to `subject`, `tenant` or a pointer allows, as text."""
        own = {"subject": self.subject, "tenant": self.tenant}
        value = own[source] if source in own else at(self.claims, source)
        return [str(item) for item in listed(value)]


class Route:
    def __init__(self, key, value):
        self.key = key
        self.method, self.template = key.split(" ", 1)
        value = value if isinstance(value, dict) else {"access": value}
        self.access, self.where, self.optional = value["access"], {}, set()
        for parameter, source in value.get("where", {}).items():
            if isinstance(source, dict):
                source, optional = source["equals"], source.get("optional", False)
                self.optional |= {parameter} if optional else set()
            self.where[parameter] = source
        self.hosts = value.get("hosts")
        # Whether credentials are the server's own affair here.
        self.lets_credentials_pass = value.get("credential") == "origin"

    def same_place(self, other):
        plain = lambda route: re.sub(r"{[^}:]*", "{", route.template)
        return self.method == other.method and plain(self) == plain(other)


class Policy:
    def __init__(self, system, token_kind, document):
        own, theirs = document.get("policy", {}), system.get("policy", {})
        self.roles = own.get("roles", theirs.get("roles", {}))
        self.default_role = own.get("default_role", theirs.get("default_role", ""))
        routes = [Route(key, value) for key, value in theirs.get("routes", {}).items()]
        routes += [Route(key, own.get("docs", "refused")) for key in system.get("docs", [])]
        added = [Route(key, value) for key, value in own.get("routes", {}).items()]
        self.routes = added + [r for r in routes if not any(r.same_place(a) for a in added)]
        named = pairs(r.access for r in self.routes if ":" in r.access)
        for role in self.roles.values():
            named |= pairs(role.get("permissions", [])) | pairs(role.get("deny", []))
        self.resources = {resource.lower() for resource, _ in named}
        self.actions = {action.lower() for _, action in named}
        self.claims = dict(token_kind["claims"])
        if "subject" in system:
            self.claims["subject"] = system["subject"]
        issuers = document.get("issuers", [])
        self.subject_roles = issuers[0].get("subject_roles", {}) if issuers else {}
        upstream = [system.get("upstream", {}), document.get("upstream", {})]
        removed = itertools.chain.from_iterable(part.get("remove_headers", []) for part in upstream)
        self.removed = {fold(name) for name in removed}

    def principal(self, claims):
        """Whoever the claims of a verified token, or the record of a key, are about."""
        found = (at(claims, pointer) for pointer in listed(self.claims["roles"]))
        roles = next((listed(value) for value in found if value is not None), None)
        subject = str(at(claims, self.claims["subject"]))
        if roles is None:
            roles = self.subject_roles.get(subject, [self.default_role])
        said = [self.narrowing(at(claims, pointer)) for pointer in listed(self.claims["scopes"])]
        said = [scopes for scopes in said if scopes is not None]
        # What is declared in two ways is what both declare.
        scopes = [item for item in said[0] if all(item in other for other in said)] if said else None
        return Principal(subject, roles, scopes, at(claims, self.claims["tenant"]), claims)

    def narrowing(self, value):
        """The scopes in a claim that the policy could mean; None if it narrows nothing."""
        if value is None or value == []:
            return value
        found = [scope for scope in (value.split() if isinstance(value, str) else value) if self.means(scope)]
        return found or None

    def means(self, scope):
        resource, colon, _ = scope.partition(":")
        action = scope.rpartition(":")[2]
        known = resource.lower() in self.resources or action.lower() in self.actions
        return known if colon else scope == "*"

    def grants(self, roles):
        """What these roles give and deny, with what they inherit."""
        given, denied, seen, waiting = set(), set(), set(), list(roles)
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.roles:
                continue
            seen.add(name)
            role = self.roles[name]
            given |= pairs(role.get("permissions", []))
            denied |= pairs(role.get("deny", []))
            waiting += role.get("inherits", [])
        return given, denied

    def allows(self, principal, route):
        if route.access in ("public", "refused"):
            return route.access == "public"
        given, denied = self.grants(principal.roles)
        # Letter by letter: a scope is no pattern.
        left = principal.scopes is None or route.access in principal.scopes
        return covers(given, route.access) and not covers(denied, route.access) and left


def fold(name):
    """A header's name as a server knows it that keeps headers as environment variables: to lighttpd, any sign is one."""
    return re.sub("[^a-z0-9]", "-", name.lower())


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)
