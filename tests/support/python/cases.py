"""Puts shared cases to the component of the world `gate`: one JSON object a line in, one a line out.

    python cases.py FOLDER_OF_HOST_PY COMPONENT

    in   {"config": text or object, "secrets": {}, "head": {"method", "target", "headers": [[name, value], ...]},
          "now": seconds, "requestId": text, "body": text or null,
          "records": {key: text, or null where nobody can say}}
    out  {"refused": {"status", "reason", "headers", "body"}}
         {"allowed": {"target", "headers", "removeResponseHeaders", "responseHeaders", "appendResponseHeaders"}}: what
         the origin receives, and what to remove from, set on and add to its response
         {"answered": {"status", "headers", "body"}}
         {"unconfigured": {"status", "headers", "body", "errors"}}
         {"error": {"name", "message"}}
"""

import json
import sys

from wasmtime import Engine
from wasmtime.component import Component

sys.path.insert(0, sys.argv[1])
from host import ConfigError, Gate  # noqa: E402

ENGINE = Engine()
COMPONENT = Component.from_file(ENGINE, sys.argv[2])
GATES = {}


def gate_for(config, secrets):
    """One gate for each configuration, as a host would keep it."""
    text = config if isinstance(config, str) else json.dumps(config)
    key = json.dumps([text, secrets])
    if key not in GATES:
        GATES[key] = Gate(COMPONENT, ENGINE, text.encode(), secrets)
    return GATES[key]


def pairs(headers):
    return [[header.name, header.value] for header in headers]


def answer(given):
    return {"status": given.status, "headers": pairs(given.headers), "body": given.body}


def found(records, key):
    if records.get(key, "") is None:
        raise OSError("the store does not answer")
    return records.get(key)


def decide(question):
    head = question["head"]
    try:
        gate = gate_for(question["config"], question["secrets"])
    except ConfigError as error:
        return {"unconfigured": answer(error.verdict.decision.payload) | {"errors": error.errors}}
    body = (question.get("body") or "").encode()
    verdict = gate.authorize(
        head["method"],
        head["target"],
        head["headers"],
        question["requestId"],
        question["now"],
        body,
        lambda key: found(question["records"], key),
    )
    decision = verdict.decision
    if decision.tag == "deny":
        return {"refused": answer(decision.payload) | {"reason": verdict.diagnostics.reason.replace("-", "_")}}
    if decision.tag == "answer":
        return {"answered": answer(decision.payload)}
    forward = decision.payload
    changed = pairs(getattr(forward, "set-headers"))
    gone = {*getattr(forward, "remove-headers"), *(name for name, _ in changed)}
    kept = [[name.lower(), value] for name, value in head["headers"] if name.lower() not in gone]
    response = {
        "removeResponseHeaders": list(getattr(forward, "remove-response-headers")),
        "responseHeaders": pairs(getattr(forward, "response-headers")),
        "appendResponseHeaders": pairs(getattr(forward, "append-response-headers")),
    }
    return {"allowed": {"target": forward.target, "headers": kept + changed} | response}


for line in sys.stdin:
    try:
        answered = decide(json.loads(line))
    except Exception as error:  # A trap, for example: the case fails with it, and the next one is read.
        answered = {"error": {"name": type(error).__name__, "message": str(error)}}
    print(json.dumps(answered), flush=True)
