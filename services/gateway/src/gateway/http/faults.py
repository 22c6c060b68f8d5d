"""Exceptions become problems here, and nowhere else."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from contracts.api import FieldProblem
from gateway.domain.errors import GatewayError, RequestInvalid
from gateway.domain.problems import ERRORS_MAX, words_of
from gateway.http.answers import error_answer
from gateway.http.errors import MethodNotAllowed, RouteNotFound
from gateway.http.methods import allowed_methods


def handle_faults(api: FastAPI) -> None:
    api.add_exception_handler(GatewayError, _answer_error)
    api.add_exception_handler(RequestValidationError, _answer_validation)
    api.add_exception_handler(HTTPException, _answer_http)


async def _answer_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    return error_answer(error)


async def _answer_validation(_request: Request, error: Exception) -> Response:
    """Parameters of path and query: FastAPI's own answer would echo them."""
    assert isinstance(error, RequestValidationError)
    faults = [
        FieldProblem(pointer="".join(f"/{step}" for step in fault["loc"]), detail=words_of(fault["type"], fault["msg"]))
        for fault in error.errors()[:ERRORS_MAX]
    ]
    return error_answer(RequestInvalid(faults))


async def _answer_http(request: Request, error: Exception) -> Response:
    """The router's own refusals."""
    assert isinstance(error, HTTPException)
    match error.status_code:
        case RouteNotFound.status:
            return error_answer(RouteNotFound())
        case MethodNotAllowed.status:
            allow = {"Allow": ", ".join(allowed_methods(request.app.router.routes, request.scope))}
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=allow)
            return error_answer(MethodNotAllowed(), headers=allow)
        case unexpected:
            raise RuntimeError(f"nothing of ours raises status {unexpected}") from error
