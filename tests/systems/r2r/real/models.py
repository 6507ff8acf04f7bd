"""A stand-in for the OpenAI API: embeddings, and chat completions, whole or as a stream.

It answers the same to the same question, and with everything that was said to it, so that a test can tell whose
conversation a model was given.
"""

import hashlib
import json
import math
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Between two words of a stream, in seconds: long enough to tell a stream from a whole answer.
PAUSE = 0.05


def embedding(text, dimensions):
    """A vector of length 1 in which texts that share words are close."""
    vector = [0.001] * dimensions
    for word in text.lower().split():
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % dimensions] += 1.0
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]


def said(messages):
    """What users and the model have said so far, without the instructions of the system."""
    texts = []
    for message in messages:
        content = message.get("content") or ""
        if isinstance(content, list):
            content = " ".join(part.get("text", "") for part in content)
        if message.get("role") in ("user", "assistant"):
            texts.append(content)
    return " | ".join(texts)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/embeddings"):
            return self.embeddings(body)
        if self.path.endswith("/chat/completions"):
            return self.completion(body)
        self.send_error(404)

    def embeddings(self, body):
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [
            {"object": "embedding", "index": index, "embedding": embedding(str(text), body.get("dimensions", 512))}
            for index, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        self.answer({"object": "list", "data": data, "model": body["model"], "usage": usage})

    def completion(self, body):
        text = f"I was told: {said(body['messages'])}. That is all of it, word by word, and it takes me a while to say so."
        base = {"id": "chatcmpl-1", "created": int(time.time()), "model": body["model"]}
        if body.get("stream"):
            return self.stream(base, text)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self.answer({**base, "object": "chat.completion", "choices": [choice], "usage": usage})

    def stream(self, base, text):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        words = [word + " " for word in text.split(" ")]
        for index, delta in enumerate([{"content": word} for word in words] + [{}]):
            choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
            event = {**base, "object": "chat.completion.chunk", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()
            # The last words of a long history need not take long.
            time.sleep(PAUSE if index < 40 else 0)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def start():
    """Starts it on a port of its own; returns the server, whose `server_port` that is."""
    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
