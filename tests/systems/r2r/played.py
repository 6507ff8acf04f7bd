"""Every operation that R2R describes, as the complete server answered it.

A player says of each request in `x-played` by which way it was sent, by whom, and which operation it is. It is answered
with the status that was recorded without a gate, and noted, so that a test can tell what a gate has let through.
"""

import json
import pathlib
import re

RECORD = json.loads((pathlib.Path(__file__).parent / "operations.json").read_text())
ANSWERS = {name: int(outcomes[0]) for name, outcomes in RECORD["outcomes"].items()}
# Whether somebody is a superuser to R2R. Who is not named here is nobody.
SUPERUSERS = {"user": False, "stranger": False, "superuser": True}

arrived = []


def described():
    """The description of the operations, as far as a player needs it."""
    paths = {}
    for name in ANSWERS:
        _, method, path = name.split(" ", 2)
        paths.setdefault(path, {})[method.lower()] = {}
    return {"paths": paths}


def is_as_sent(request, who, operation, caller):
    """Whether method, path and credential are those that the player has sent."""
    method, template = operation.split(" ", 1)
    path = "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]+\}", template))
    if request.method != method or not re.fullmatch(path, request.url.path):
        return False
    return caller is None or caller["is_superuser"] == SUPERUSERS.get(who)


def answer(request, caller):
    """The status of a played request, whose credential is that of `caller`, or nobody's."""
    name = request.headers["x-played"]
    _, who, operation = name.split(" ", 2)
    if not is_as_sent(request, who, operation, caller):
        arrived.append(f"{name}, but as {request.method} {request.url.path}")
        return 500
    arrived.append(name)
    is_public = ANSWERS[f"nobody {operation}"] != 401
    return 401 if caller is None and not is_public else ANSWERS[f"{who} {operation}"]
