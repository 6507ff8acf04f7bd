"""Who sends a request, as R2R finds it out."""

from fastapi import Depends, Request

from store import Refused, read, store

NOBODY = (
    "No credentials provided. Create an account at https://app.sciphi.ai and set your API key using `r2r configure key` "
    "OR change your base URL to a custom deployment."
)


def caller(request: Request):
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    bearer = bearer if scheme.lower() == "bearer" else ""
    key = request.headers.get("x-api-key", "")
    if bearer and key:
        raise Refused(400, "Cannot have both Bearer token and API key")
    if not bearer and not key:
        raise Refused(401, NOBODY)
    owner = store.keys.get(key or bearer)
    # Of somebody who was locked out the keys are refused, and nothing else.
    if owner is not None and not owner["is_active"]:
        raise Refused(401, "Invalid token or API key")
    user = owner or store.users.get(read(bearer)["sub"].lower() if bearer else "")
    if user is None:
        raise Refused(401, "Invalid token or API key")
    return user


def superuser(text):
    def check(user=Depends(caller)):
        if not user["is_superuser"]:
            raise Refused(403, f"Only a superuser can call the `{text}` endpoint.")
        return user

    return Depends(check)


USER = Depends(caller)


def results(value, **more):
    return {"results": value, **more}
