"""What a browser is to send for the page of RAG Modulo: for each call its target, and what `fetch` is told besides.

Arguments: the secret of the tokens."""

import json
import sys

from flows import Flows


def main():
    nowhere = "http://127.0.0.1:0"
    flows = Flows(nowhere, nowhere, sys.argv[1], False)
    for line, method, target, kind, body in flows.calls():
        headers = {"Authorization": f"Bearer {flows.ann}", **({"Content-Type": kind} if kind else {})}
        init = {"method": method, "headers": headers, **({"body": body} if body else {})}
        print(json.dumps([line, json.dumps({"target": target, "init": init})]))


if __name__ == "__main__":
    main()
