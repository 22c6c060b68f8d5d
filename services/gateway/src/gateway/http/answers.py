"""Answers: models and problems as responses."""

from collections.abc import Mapping

from fastapi import Response
from pydantic import BaseModel

from contracts.api import Problem
from gateway.domain.errors import GatewayError, KeyInvalid
from gateway.domain.problems import problem_of
from gateway.http.entity_tags import content_tag, is_known

PROBLEM_MEDIA_TYPE = "application/problem+json"


def json_answer(model: BaseModel, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The model as it is: it was validated when it was built, so nothing is validated twice."""
    return Response(model.model_dump_json(), status, headers, media_type="application/json")


def tagged_answer(model: BaseModel, if_none_match: str | None) -> Response:
    """The model with an `ETag` of its content; 304 without it where the client has it already."""
    content = model.model_dump_json()
    headers = {"ETag": content_tag(content)}
    if is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


def problem_answer(problem: Problem, *, headers: Mapping[str, str] | None = None) -> Response:
    """Source: https://www.rfc-editor.org/rfc/rfc9457."""
    exclude = None if problem.errors else {"errors"}
    return Response(problem.model_dump_json(exclude=exclude), problem.status, headers, media_type=PROBLEM_MEDIA_TYPE)


def error_answer(error: GatewayError, *, headers: Mapping[str, str] | None = None) -> Response:
    all_headers = dict(headers or {})
    if isinstance(error, KeyInvalid):
        all_headers["WWW-Authenticate"] = 'Bearer realm="daybook"'
    if error.retry_after_s is not None:
        all_headers["Retry-After"] = str(error.retry_after_s)
    return problem_answer(problem_of(error), headers=all_headers)
