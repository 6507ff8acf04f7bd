"""Writes the OpenAPI document of the R2R server to a file: `openapi.py FILE`.

R2R's own builder puts the document together from R2R's own routers. A whole installation of R2R is more than half a
gigabyte of model clients, parsers and drivers, none of which has a say in its routes: only what makes the document is in
requirements.txt. The other packages that R2R imports on the way are replaced by modules of placeholders, services and
providers by what the routers ask of them while they are built.

A package that is neither installed nor listed here is an error, and so is a placeholder as a type in the document:
FastAPI and Pydantic refuse types they cannot describe.
"""

import asyncio
import functools
import importlib.abc
import importlib.machinery
import json
import pathlib
import sys
import types

REPLACED = frozenset(
    """
    PIL aiohttp anthropic apscheduler asyncpg azure bcrypt boto3 botocore bs4 cryptography docutils docx epub filetype
    google hatchet_sdk httpx jwt litellm mailersend mistralai msg_parser nacl networkx numpy olefile ollama openai
    openpyxl orgparse pdf2image pillow_heif pptx psutil pypdf requests sendgrid sentry_sdk striprtf supabase tiktoken
    toml unstructured_client xlrd yaml
    """.split()
)


class Placeholder(type):
    """The type of classes that stand for anything: to inherit from, to call, to annotate with, to catch."""

    def __getattr__(cls, name):
        return placeholder(name)


def placeholder(name):
    # What asks for a special member finds out whether there is one.
    if name.startswith("__"):
        raise AttributeError(name)
    return Placeholder(name, (), {"__init__": lambda self, *arguments, **named: None})


class Replacements(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the replaced packages, with any module in them and anything in those."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REPLACED:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = placeholder


# The last to be asked: what is installed is found before.
sys.meta_path.append(Replacements())

from core.base import AuthProvider, OrchestrationConfig  # noqa: E402
from core.main.assembly.builder import R2RBuilder  # noqa: E402
from core.providers import SimpleOrchestrationProvider  # noqa: E402


class Builder(R2RBuilder):
    """R2R's builder with nothing behind the routers."""

    async def _create_providers(self, *arguments, **named):
        return types.SimpleNamespace(
            # R2R's own dependency. Of its provider it reads the security schemes, and nothing else before a request.
            auth=types.SimpleNamespace(auth_wrapper=functools.partial(AuthProvider.auth_wrapper, AuthProvider)),
            database=types.SimpleNamespace(project_name="r2r_default"),
            orchestration=SimpleOrchestrationProvider(OrchestrationConfig(provider="simple")),
        )

    def _create_services(self, service_params):
        maintenance = types.SimpleNamespace(initialize=functools.partial(asyncio.sleep, 0))
        return types.SimpleNamespace(graph=None, ingestion=None, maintenance=maintenance)


# The configuration is for requests: routers keep it and do not read it.
server = asyncio.run(Builder(config=None).build())
pathlib.Path(sys.argv[1]).write_text(json.dumps(server.app.openapi(), allow_nan=False), encoding="utf-8")
