"""The OpenAPI document, and a page to try it with. Nothing is loaded from anybody else."""

from functools import cache
from importlib.resources import files

import orjson
from starlette.responses import Response

from keystead.web.access import PUBLIC, Routes
from keystead.web.call import Call
from keystead.web.errors import RouteNotFound
from keystead.web.openapi import document

routes = Routes()

# Relative addresses: they hold wherever this is mounted.
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>API documentation</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
"""

FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}

START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null
});
"""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI sets inline styles; everything else comes from this origin."""

CACHE = "public, max-age=3600"


@routes.add("GET", "/openapi.json", access=PUBLIC)
async def get_openapi(call: Call) -> Response:
    """Return the OpenAPI 3.1 document of this service."""
    text = document(call.app, call.context.cookies.name)
    return Response(orjson.dumps(text), media_type="application/json")


@routes.add("GET", "/docs", access=PUBLIC)
async def get_docs(_: Call) -> Response:
    """Show the API as a page, with forms to try it."""
    return Response(PAGE, media_type="text/html", headers={"content-security-policy": CSP})


@routes.add("GET", "/docs/{file}", access=PUBLIC)
async def get_docs_file(_: Call, file: str) -> Response:
    """Return a part of that page."""
    if file == "start.js":
        return Response(START, media_type="text/javascript", headers={"cache-control": CACHE})
    if file not in FILES:
        raise RouteNotFound
    return Response(_read(file), media_type=FILES[file], headers={"cache-control": CACHE})


@cache
def _read(file: str) -> bytes:
    return (files(__package__) / "static" / "swagger-ui" / file).read_bytes()
