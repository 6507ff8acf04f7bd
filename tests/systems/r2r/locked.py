"""What comes of everything that somebody has who was locked out: `locked.py BASE ORIGIN`. Prints a line of JSON for each:
its name and its outcome.

No gate has seen any of it before, so that none remembers what R2R said when the user was active.
"""

import json
import sys

from people import Person, lock_out, make_user, outcome, results, superuser


def tell(flow, said):
    print(json.dumps([f"locked out: {flow}", said]), flush=True)


def of_a_user(base, origin, admin):
    user = make_user(admin, origin, "locked")
    key = results(user.post(f"/v3/users/{user.id}/api-keys", json={"name": "ci"}))["api_key"]
    sessions = [user.again() for _ in range(2)]
    lock_out(origin, user)
    bearing = Person(base).bearing
    tell("a token", outcome(bearing(user.token).get("/v3/users/me")))
    search = bearing(sessions[0].token).post("/v3/retrieval/search", json={"query": "anything"})
    tell("a token: search", outcome(search))
    tell("an API key", outcome(Person(base, {"x-api-key": key}).get("/v3/users/me")))
    right = {"username": user.email, "password": user.password}
    tell("login", outcome(Person(base).post("/v3/users/login", data=right)))
    wrong = {"username": user.email, "password": "wrong"}
    tell("login: wrong password", outcome(Person(base).post("/v3/users/login", data=wrong)))
    refreshed = Person(base).post("/v3/users/refresh-token", json=user.refresh)
    tell("refresh", outcome(refreshed))
    token = results(refreshed)["access_token"]["token"]
    tell("the token of that", outcome(bearing(token).get("/v3/users/me")))
    tell("logout", outcome(bearing(sessions[1].token).post("/v3/users/logout")))


def of_a_superuser(base, origin, admin):
    root = make_user(admin, origin, "root")
    results(admin.post(f"/v3/users/{root.id}", json={"is_superuser": True}))
    lock_out(origin, root)
    tell("a superuser's token: settings", outcome(Person(base).bearing(root.token).get("/v3/system/settings")))
    # R2R has no route that lets anybody in again either.
    results(admin.post(f"/v3/users/{root.id}", json={"is_active": True}))
    later = Person(base).bearing(root.again().token)
    tell("after the superuser has set `is_active`: a new token", outcome(later.get("/v3/users/me")))


def main():
    base, origin = sys.argv[1:3]
    admin = superuser(origin)
    of_a_user(base, origin, admin)
    of_a_superuser(base, origin, admin)


main()
