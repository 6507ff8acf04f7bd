"""Sends requests as they stand, and says of each what came of it, in a few words that are the same in every run."""

import http.client
import json
from urllib.parse import urlsplit


class Answer:
    def __init__(self, response, body):
        self.status, self.body = response.status, body
        self.headers = {}
        for name, value in response.getheaders():
            self.headers.setdefault(name.lower(), []).append(value)
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = None

    def header(self, name):
        return self.headers.get(name, [""])[0]

    def cookie(self, name):
        """`name=value` as it was set, or nothing."""
        pairs = (line.split(";")[0] for line in self.headers.get("set-cookie", []))
        return next((pair for pair in pairs if pair.startswith(f"{name}=")), "")

    def member(self, name):
        return self.json.get(name) if isinstance(self.json, dict) else None


class Caller:
    def __init__(self, base, outcome):
        place = urlsplit(base)
        self.host, self.port, self.outcome = place.hostname, place.port, outcome

    def send(self, method, target, headers=(), body=None):
        """`headers` may name one twice. Of text that is no body's own, JSON is made."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        connection.putrequest(method, target, skip_accept_encoding=True)
        if body is not None and not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), [*headers, ("Content-Type", "application/json")]
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        answer = Answer(response, response.read())
        connection.close()
        return answer

    def say(self, group, flow, outcome):
        """An outcome is an answer, or what there is to say."""
        text = self.outcome(outcome) if isinstance(outcome, Answer) else str(outcome)
        print(json.dumps([f"{group}: {flow}", text]), flush=True)
        return outcome

    def refused(self, answer):
        """Why the gate has refused, or nothing if it has not."""
        return answer.header("x-portcullis-reason")
