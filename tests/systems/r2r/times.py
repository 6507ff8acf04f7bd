"""How long requests take: `times.py BASE ORIGIN`. Prints a line of JSON for each kind: its name, and the median in
milliseconds."""

import json
import statistics
import sys
import time

from people import Person, make_user, results, superuser


def median(person, path, count):
    took = []
    for _ in range(count):
        begun = time.perf_counter()
        person.get(path)
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def main():
    base, origin = sys.argv[1:3]
    user = make_user(superuser(origin), base, "tina")
    key = results(user.post(f"/v3/users/{user.id}/api-keys", json={"name": "k"}))["api_key"]
    with_key, wrong = Person(base, {"x-api-key": key}), Person(base, {"x-api-key": key[:-4] + "AAA="})
    with_key.get("/v3/users/me")
    for what, person, path, count in (
        ("health, by nobody", Person(base), "/v3/health", 40),
        ("who am I, with a token", user, "/v3/users/me", 40),
        ("who am I, with an API key", with_key, "/v3/users/me", 10),
        ("who am I, with a wrong API key", wrong, "/v3/users/me", 10),
    ):
        print(json.dumps([what, f"{median(person, path, count):.0f} ms"]), flush=True)


main()
