"""The world `gate` in a Python host: load a configuration, ask about three requests, print the verdicts.

    pip install -r requirements.txt
    python host.py ../../../dist/portcullis.gate.wasm ../portcullis.json
"""

import secrets
import sys
import time
from pathlib import Path

import jwt
from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant

INTERFACE = "portcullis:auth/authorization@0.1.0"


def record(**fields):
    """A record of the interface; its field names have hyphens."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def request_head(method, target, headers, request_id):
    """A request whose headers are all there: `Connection`, too, if it has one."""
    pairs = [record(name=name.encode(), value=value.encode()) for name, value in headers]
    return record(
        method=method.encode(), target=target.encode(), headers=pairs, shows_connection=True, request_id=request_id
    )


def found(records, key):
    """What the store says of the record under `key`; without one, nobody can say."""
    try:
        text = records(key)
    except Exception:
        return Variant("unavailable")
    return Variant("not-found") if text is None else Variant("found", text.encode())


class ConfigError(Exception):
    """A configuration that does not load. Refuse every request by `verdict` until there is one that does."""

    def __init__(self, errors, verdict):
        self.errors = [f"{error.pointer}: {error.message}" for error in errors]
        self.verdict = verdict
        super().__init__("\n".join(self.errors))


class Gate:
    """The resource `gate` of the component."""

    def __init__(self, component, engine, document, secrets):
        self.store = Store(engine)
        # Nothing is defined in the linker: the component imports nothing.
        self.instance = Linker(engine).instantiate(self.store, component)
        self.interface = self.instance.get_export_index(self.store, INTERFACE)
        given = [record(name=name, value=value) for name, value in secrets.items()]
        # It sends none of the gate's own calls, so that there is nothing to spread by a seed.
        loaded = self.call("[static]gate.load", document, given, "none", 0)
        if isinstance(loaded, list):
            nobody = request_head("GET", "/", [], "")
            raise ConfigError(loaded, self.call("refused", "config-invalid", nobody, int(time.time())))
        self.gate = loaded

    def authorize(self, method, target, headers, request_id, now, body=b"", records=None):
        """The verdict on one request, whose body is looked at only if the policy compares members of it. `records` finds
        the record of an API key that the configuration does not list: a text, or None if there is none."""
        step = self.call("[method]gate.authorize", self.gate, request_head(method, target, headers, request_id), now)
        if isinstance(step, Variant) and step.tag == "api-key-record":
            key = self.call("[method]pending-record.store-key", step.payload)
            step = self.call("[static]pending-record.supply", step.payload, found(records, key), now)
        if isinstance(step, Variant) and step.tag == "body":
            limit = self.call("[method]pending-body.limit", step.payload)
            # A host that waits for a body here asks its clock again.
            step = self.call("[static]pending-body.supply", step.payload, body[: limit + 1], now)
        return step

    def call(self, name, *arguments):
        index = self.instance.get_export_index(self.store, name, self.interface)
        return self.instance.get_func(self.store, index)(self.store, *arguments)


def main(component, document):
    now = int(time.time())
    given = {name: secrets.token_hex(32) for name in ("JWT_SECRET_KEY", "ORIGIN_JWT_SECRET")}
    engine = Engine()
    gate = Gate(Component.from_file(engine, component), engine, Path(document).read_bytes(), given)

    claims = {"iss": "https://login.example.com", "aud": "agentflow", "sub": "ada", "exp": now + 300}
    user = jwt.encode(claims | {"roles": ["user"]}, given["JWT_SECRET_KEY"], algorithm="HS256")
    guest = jwt.encode(claims | {"roles": ["guest"]}, given["JWT_SECRET_KEY"], algorithm="HS256")
    for number, headers in enumerate(
        [
            [],
            [("Authorization", f"Bearer {guest}")],
            [("Authorization", f"Bearer {user}"), ("X-User-Id", "root")],
        ]
    ):
        verdict = gate.authorize("GET", "/v1/threads?limit=1", headers, f"request-{number}", now)
        decision = verdict.decision
        print(getattr(verdict.diagnostics, "log-line"))
        if decision.tag == "deny":
            print(f"  deny {decision.payload.status}: {decision.payload.body}")
        else:
            forward = decision.payload
            names = [header.name for header in getattr(forward, "set-headers")]
            print(f"  forward {forward.target}, remove {getattr(forward, 'remove-headers')}, set {names}")


if __name__ == "__main__":
    main(*sys.argv[1:])
