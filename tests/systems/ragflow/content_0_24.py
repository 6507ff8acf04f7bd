"""What stands behind the routes of 0.24.0 beyond that."""

from flask import Response, g, request

import content
from content import failed, ok

IMAGE = b"\x89PNG\r\n\x1a\n"


def handlers(server):
    store = content.Store()
    entering = content.login(server)
    keys = content.tokens(server)
    page = {
        "POST /v1/user/register": entering["POST /api/v1/users"],
        "POST /v1/user/login": entering["POST /api/v1/auth/login"],
        "GET /v1/user/logout": entering["POST /api/v1/auth/logout"],
        "GET /v1/user/info": lambda: ok(g.person.shown()),
        "POST /v1/system/new_token": keys["POST /api/v1/system/tokens"],
        "GET /v1/system/token_list": keys["GET /api/v1/system/tokens"],
        "DELETE /v1/system/token/{token}": keys["DELETE /api/v1/system/tokens/{token}"],
        "GET /v1/system/ping": lambda: Response("pong", content_type="text/plain"),
        "GET /v1/system/healthz": lambda: {"status": "ok"},
        "GET /v1/system/config": lambda: ok({"registerEnabled": 1}),
    }
    # Served to anybody.
    open_to_all = {
        "GET /v1/document/image/{image_id}": lambda image_id: Response(IMAGE, content_type="image/png"),
        "GET /v1/document/thumbnails": lambda: ok({}),
        "POST /v1/canvas/upload/{canvas_id}": lambda canvas_id: failed(102, "canvas not found."),
        "GET /v1/canvas/trace": lambda: ok({}),
        "GET /v1/canvas/download": lambda: Response(IMAGE, content_type="application/octet-stream"),
        "POST /v1/document/upload_info": lambda: failed(100, "TypeError('no file')"),
        "GET /api/v1/webhook_trace/{agent_id}": lambda agent_id: ok({"events": []}),
        "POST /api/v1/webhook_test/{agent_id}": lambda agent_id: failed(400, "Can not find canvas.", 400),
    }
    sdk = {**content.datasets(store), **content.chats(store)}
    listed = {
        "GET /api/v1/chats": lambda: ok(store.of("chats")),
        "GET /api/v1/agents": lambda: ok(store.of("agents")),
    }
    return {**sdk, **listed, **page, **open_to_all, **content.bots(store)}
