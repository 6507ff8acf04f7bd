"""How long requests take: `times.py DIRECT GATE…`, by turns, so that what else the machine does is everybody's.

On standard input an object: `token`, one of the issuer that the gates know, and `key`, what the server itself gets for it
(whoever it is of is made here). Prints a line of JSON for each kind of request: its name, and the medians in milliseconds,
way by way."""

import http.client
import json
import statistics
import sys
import time
from urllib.parse import urlsplit

DATASETS = "/api/v1/datasets"
# How often each is sent on each way, and how often before that.
ROUNDS, WARM = 300, 20
# How many are sent whom a gate has not seen.
NEW = 60


class Way:
    """A kept connection to the server, or to a gate in front of it."""

    def __init__(self, address):
        place = urlsplit(address)
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)

    def time(self, credential):
        begun = time.perf_counter()
        self.connection.request("GET", DATASETS, headers={"Authorization": credential})
        response = self.connection.getresponse()
        body = response.read()
        took = (time.perf_counter() - begun) * 1000
        if response.status != 200 or json.loads(body)["code"] != 0:
            raise SystemExit(f"{self.connection.port}: {response.status} {body!r}")
        return took

    def post(self, target, body):
        self.connection.request("POST", target, json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(self.connection.getresponse().read())


def main():
    ways, settings = [Way(address) for address in sys.argv[1:]], json.load(sys.stdin)
    direct = ways[0]
    people = iter(range(10**6))
    invite = lambda **more: direct.post("/-/people", {"email": f"times-{next(people)}@example.com", **more})
    person = invite()
    invite(key=settings["key"])
    sent = {
        "an API key": [f"Bearer {person['token']}"] * len(ways),
        "a session": [person["session"]] * len(ways),
        "a token of another issuer": [f"Bearer {settings['key']}"] + [f"Bearer {settings['token']}"] * (len(ways) - 1),
    }
    took = {name: [[] for _ in ways] for name in sent}
    for turn in range(WARM + ROUNDS):
        for name, credentials in sent.items():
            for way, credential, times in zip(ways, credentials, took[name]):
                times.append(way.time(credential))
    took = {name: [times[WARM:] for times in ways_times] for name, ways_times in took.items()}
    fresh = {"an API key, the first time": "token", "a session, the first time": "session"}
    for name, member in fresh.items():
        took[name] = [[] for _ in ways]
        for turn in range(NEW):
            for way, times in zip(ways, took[name]):
                person = invite()
                credential = person[member] if member == "session" else f"Bearer {person[member]}"
                times.append(way.time(credential))
    for name, times in took.items():
        print(json.dumps([name, " ".join(f"{statistics.median(one):.2f}" for one in times)]), flush=True)


if __name__ == "__main__":
    main()
