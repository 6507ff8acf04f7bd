"""Whether an origin that acts on a request does something its sender may not."""

import io
import json
import re
from urllib.parse import parse_qsl, unquote, unquote_plus

import jwt
from starlette.datastructures import QueryParams
from starlette.requests import cookie_parser
from starlette.routing import Match, Route as HttpRoute, WebSocketRoute
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_cookie, parse_options_header
from werkzeug.routing import Map, RequestRedirect, Rule

import policy


class Finding(Exception):
    """What is wrong with a request that has arrived: the kind of fault, and its details."""

    def __str__(self):
        return ": ".join(map(str, self.args))


class Request:
    """A request as the server's own parser has read it."""

    def __init__(self, method, target, headers, websocket):
        self.method, self.websocket = method, websocket
        # A whole URL names a path as well (RFC 9112 section 3.2.2).
        target = re.sub(rb"^https?://[^/?#]*(?=[/?])", b"", target, flags=re.IGNORECASE)
        raw_path, _, self.query = target.partition(b"?")
        # As uvicorn and hypercorn do.
        self.path = unquote(raw_path.decode("ascii", "replace"))
        # Names are lower-case, values without white space at their ends.
        self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        self.body = None

    def all(self, name):
        return [value for known, value in self.headers if known == name]


class Starlette:
    """FastAPI's way: routes in order, the first that fits."""

    def __init__(self, routes):
        self.routes = []
        for route in routes:
            if route.method == "WEBSOCKET":
                self.routes.append((route, WebSocketRoute(route.template, endpoint=endpoint)))
            else:
                self.routes.append((route, HttpRoute(route.template, endpoint, methods=[route.method])))

    def find(self, request):
        kind = "websocket" if request.websocket else "http"
        scope = {"type": kind, "path": request.path, "method": request.method, "root_path": ""}
        for route, matcher in self.routes:
            match, child = matcher.matches(scope)
            if match is Match.FULL:
                return route, child["path_params"]
        return None, {}

    @staticmethod
    def query(text):
        params = QueryParams(text)
        return {name: params.getlist(name) for name in params}


class Werkzeug:
    """Quart's way: a map of rules by weight."""

    def __init__(self, routes):
        self.by_key = {route.key: route for route in routes}
        rules = [Rule(rule(route), methods=[route.method], endpoint=route.key) for route in routes]
        self.map = Map(rules, strict_slashes=False)

    def find(self, request):
        adapter = self.map.bind("origin.example", path_info=request.path)
        try:
            key, params = adapter.match(method=request.method, websocket=False)
        except (HTTPException, RequestRedirect):
            return None, {}
        return self.by_key[key], params

    @staticmethod
    def query(text):
        pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True)
        return dict(MultiDict(pairs).lists())


def dialects(query, wanted):
    """The values of a parameter for servers to which a semicolon separates (older CGI), that read names in any case
    (ASP.NET), or that take `name[]` and `+name` for the name (PHP, Rack, qs)."""
    letters = lambda name: re.sub("[^a-z0-9]", "", name.lower())
    for separator in "&", "[&;]":
        for pair in re.split(separator, query.decode("latin-1")):
            name, _, value = pair.partition("=")
            name = unquote_plus(name).partition("\0")[0]
            if letters(re.sub(r"(?<=.)\[.*", "", name)) == letters(wanted):
                yield unquote_plus(value)


def cookies(request, name):
    """The values that servers find under the name: each line by itself, and all of them in one."""
    lines, found = request.all("cookie"), []
    for text in lines + ["; ".join(lines)] * (len(lines) > 1):
        for value in [cookie_parser(text).get(name), *parse_cookie(text).getlist(name)]:
            if value is not None and value not in found:
                found.append(value)
    return found


async def endpoint(_):
    """Nobody calls it: a router wants something to route to."""


def rule(route):
    """A template as Werkzeug writes it."""
    parts = []
    for part in route.template.replace("}", "{").split("{"):
        name, _, kind = part.partition(":")
        if len(parts) % 2 == 0:
            parts.append(part)
        else:
            parts.append(f"<{kind}:{name}>" if kind else f"<{name}>")
    return "".join(parts)


class Judge:
    """The eyes of one origin behind one gate."""

    def __init__(self, setting):
        system = policy.load(setting["system"])
        self.system = system["name"]
        kind = policy.load(setting["token_kind"])
        document = setting["document"]
        self.policy = policy.Policy(system, kind, document)
        self.secret, self.keys = setting["secret"], setting["keys"]
        self.header = system["credentials"].get("api_key_header")
        parts = [part.get("credentials", {}) for part in (system, document)]
        # Cookies that the server takes for a credential and the gate cannot verify, and those that both take for one.
        named = [part.get("origin_cookies", []) for part in parts]
        self.credential_cookies = document.get("credentials", {}).get("cookies", [])
        self.cookies = [name for names in named for name in names]
        self.protocols = system["credentials"].get("websocket_protocols", [])
        self.parameter = system["credentials"].get("websocket_query")
        self.verified = {}
        quart = setting["server"] == "quart"
        self.h2c = quart
        self.router = (Werkzeug if quart else Starlette)(self.policy.routes)

    def allowed(self, claims):
        """The routes that a caller with these claims may use."""
        caller = self.policy.principal(claims)
        fine = lambda route: self.policy.allows(caller, route) and self.policy.allows(caller, self.twin(route))
        return [route.key for route in self.policy.routes if fine(route)]

    def twin(self, route):
        """The GET route on the path of a WebSocket, which must allow it as well; of others, the route itself."""
        if route.method != "WEBSOCKET":
            return route
        same = (other for other in self.policy.routes if other.template == route.template)
        return next((other for other in same if other.method == "GET"), route)

    def head(self, request):
        """The route that the head of a request reaches, and on whose behalf."""
        route, params = self.router.find(request)
        found, principal = None, None
        try:
            principal = self.examine(request, route, params)
        except Finding as finding:
            found = str(finding)
        return route, principal, found

    def examine(self, request, route, params):
        if self.h2c and any(value.lower() == "h2c" for value in request.all("upgrade")[-1:]):
            raise Finding("a tunnel", "the server takes everything after this for HTTP/2")
        credentials = self.credentials(request)
        # The same in two places is one.
        single = len({text.removeprefix("Bearer ") for _, text in credentials}) == 1
        principal = self.verify(credentials[0]) if single else None
        self.identity(request, principal)
        if route is not None and route.lets_credentials_pass:
            return None
        believed = [name for name in self.cookies if cookies(request, name)]
        if believed:
            raise Finding("a cookie that the server believes", believed)
        if route is None:
            return principal
        if route.access == "public":
            if self.twin(route) is not route and principal is not None:
                return principal
            if credentials:
                raise Finding("a credential that nobody has verified", route.key)
            return None
        if len(credentials) > 1 and not single:
            raise Finding("more than one credential", route.key)
        if principal is None:
            raise Finding("a credential that is not valid" if credentials else "no credential", route.key)
        if not self.policy.allows(principal, route):
            raise Finding("no permission", f"{route.key} ({route.access}), {principal.subject} is {principal.roles}")
        for parameter, source in route.where.items():
            place, _, name = parameter.partition(".")
            if place in ("path", "query", "header", "cookie"):
                values = self.values(request, place, name, params)
                if values or parameter not in route.optional:
                    self.compare(parameter, values, principal.bound(source))
            if place == "query":
                others = [value for value in dialects(request.query, name) if value not in principal.bound(source)]
                if others:
                    raise Finding("a bound parameter in another dialect", f"{parameter}: {others}")
        return principal

    def values(self, request, place, name, params):
        if place == "path":
            return [str(params[name])]
        if place == "query":
            return self.router.query(request.query).get(name, [])
        if place == "cookie":
            return cookies(request, name)
        return [value for known, value in request.headers if policy.fold(known) == policy.fold(name)]

    @staticmethod
    def compare(parameter, values, allowed):
        if not values:
            raise Finding("a bound parameter is not there", parameter)
        if len(values) > 1:
            raise Finding("a bound parameter is there more than once", f"{parameter}: {values}")
        if values[0] not in allowed:
            raise Finding("a bound parameter is not the caller's", f"{parameter}: {values[0]!r}, not {allowed}")

    def body(self, route, principal, content_types, body):
        """What is wrong with the body of a request whose head is in order."""
        fields = {k.partition(".")[2]: v for k, v in route.where.items() if k.startswith("form.")}
        if fields:
            return self.form(fields, route, principal, (content_types or [""])[0], body)
        bound = {k.partition(".")[2]: v for k, v in route.where.items() if k.startswith("body./")}
        if not bound:
            return None
        try:
            # FastAPI and Quart both end at the standard library: the last of two members counts.
            document = json.loads(body)
        except ValueError:
            return None
        for pointer, source in bound.items():
            value = policy.at(document, pointer)
            if value is None and f"body.{pointer}" in route.optional:
                continue
            items = value if isinstance(value, list) and value else [value]
            wrong = [item for item in items if str(item) not in principal.bound(source)]
            if wrong:
                return f"a bound parameter is not the caller's: body.{pointer}: {wrong!r}"
        return None

    @staticmethod
    def form(fields, route, principal, content_type, body):
        kind, options = parse_options_header(content_type)
        _, form, files = FormDataParser().parse(io.BytesIO(body), kind, len(body), options)
        for name, source in fields.items():
            values = form.getlist(name) + [file.read().decode("latin-1") for file in files.getlist(name)]
            if not values and (f"form.{name}" in route.optional or not (form or files)):
                continue
            wrong = [value for value in values if value not in principal.bound(source)]
            if wrong or not values:
                return f"a bound parameter is not the caller's: form.{name}: {values!r}"
        return None

    def credentials(self, request):
        """Everything in the request that an origin of this kind would take for a credential."""
        found = [("authorization", value) for value in request.all("authorization")]
        if self.header:
            found += [("key", value) for value in request.all(self.header)]
        for name in self.credential_cookies:
            found += [("cookie", value) for value in cookies(request, name)]
        if request.websocket and self.protocols:
            offers = ",".join(request.all("sec-websocket-protocol")).split(",")
            offers = [offer.strip() for offer in offers]
            if offers[0] in self.protocols:
                found += [("token", offer) for offer in offers[1:2]]
        if request.websocket and self.parameter:
            found += [("query", value) for value in self.router.query(request.query).get(self.parameter, [])]
        return found

    def verify(self, credential):
        if credential not in self.verified:
            self.verified[credential] = self.verify_now(*credential)
        return self.verified[credential]

    def verify_now(self, place, text):
        if place == "authorization":
            scheme, _, rest = text.partition(" ")
            text = rest.strip() if scheme.lower() == "bearer" else text
        if text in self.keys:
            return self.policy.principal(self.keys[text])
        if place in ("key", "query"):
            return None
        try:
            options = {"verify_aud": False, "require": ["exp"], "verify_sub": False}
            claims = jwt.decode(text, self.secret, algorithms=["HS256"], options=options)
        except jwt.PyJWTError:
            return None
        return self.policy.principal(claims)

    def identity(self, request, principal):
        """No header says who somebody is but what the gate says about the caller."""
        said = {}
        if principal is not None:
            said = {
                "x-auth-subject": principal.subject,
                "x-auth-roles": None,
                "x-auth-scopes": None,
                "x-auth-tenant": principal.tenant,
            }
        seen = set()
        for name, value in request.headers:
            folded = policy.fold(name)
            if folded in self.policy.removed:
                raise Finding("a header that the system removes", name)
            if not policy.OWNED.fullmatch(folded):
                continue
            ours = name in said and name not in seen
            seen.add(name)
            if not ours:
                raise Finding("an identity header", f"{name}: {value!r}")
            if name == "x-auth-subject" and unquote(value) != principal.subject:
                raise Finding("an identity header", f"{name}: {value!r}, the caller is {principal.subject}")
            if name == "x-auth-tenant" and unquote(value) != principal.tenant:
                raise Finding("an identity header", f"{name}: {value!r}, the caller's is {principal.tenant}")
            scopes = principal.scopes or []
            if name == "x-auth-scopes" and not set(unquote(value).split()) <= set(scopes):
                raise Finding("an identity header", f"{name}: {value!r}, the caller's are {scopes}")
            if name == "x-auth-roles" and not set(value.split(",")) <= set(principal.roles):
                raise Finding("an identity header", f"{name}: {value!r}, the caller is {principal.roles}")
