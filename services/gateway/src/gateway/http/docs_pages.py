"""The documents of both APIs, and pages to read them. Nothing is fetched from anywhere but this process.

Swagger UI comes with the package `fastapi-offline`; of it, only the static files are used.
"""

import importlib.util
from functools import cache
from importlib import resources
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from gateway.http.caller import ContextOfApi

#: Swagger UI sets styles from its script. Everything else may come from here only, whatever the page asks for.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {"Content-Security-Policy": _POLICY}
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    api: FastAPI = request.app
    return JSONResponse(api.openapi())


@router.get("/asyncapi")
async def asyncapi(context: ContextOfApi) -> Response:
    return Response(context.asyncapi(), media_type="application/json")


@router.get("/docs")
async def page() -> Response:
    return HTMLResponse(_own_file("docs.html"), headers=_PAGE_HEADERS)


@router.get("/docs/start.js")
async def script() -> Response:
    return Response(_own_file("docs.js"), media_type="text/javascript")


@router.get("/docs/swagger-ui-bundle.js")
async def swagger_script() -> Response:
    return _asset("swagger-ui-bundle.js")


@router.get("/docs/swagger-ui.css")
async def swagger_style() -> Response:
    return _asset("swagger-ui.css")


def _asset(name: str) -> Response:
    # The only answers worth keeping: megabytes that change with the package alone, and say nothing of anybody.
    headers = {"Cache-Control": "max-age=86400"}
    return Response(_swagger_file(name), media_type=_ASSETS[name], headers=headers)


@cache
def _own_file(name: str) -> bytes:
    return resources.files("gateway.http").joinpath("pages", name).read_bytes()


@cache
def _swagger_file(name: str) -> bytes:
    # Found, not imported: its code is of no use here.
    spec = importlib.util.find_spec("fastapi_offline")
    assert spec is not None, "fastapi-offline is a dependency of the gateway"
    assert spec.origin is not None, "it is a package of files"
    return (Path(spec.origin).parent / "static" / name).read_bytes()
