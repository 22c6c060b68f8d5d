"""What every endpoint is given: the context, and who is asking."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from gateway.context import Context
from gateway.domain.principals import Principal
from gateway.service.keys import authenticate

#: Only for the document: `authenticate` reads the header itself, so that every refusal is a problem of ours.
_SCHEME = HTTPBearer(scheme_name="API key", bearerFormat="dbk_<id>_<secret>", auto_error=False)


async def context_of(request: Request) -> Context:
    # Async, though it awaits nothing: FastAPI sends a plain function to a thread, at every request.
    context: Context = request.app.state.context
    return context


ContextOfApi = Annotated[Context, Depends(context_of)]


async def principal_of(request: Request, context: ContextOfApi) -> Principal:
    """Raises KeyInvalid."""
    return await authenticate(context.store, request.headers.get("authorization"))


Caller = Annotated[Principal, Depends(principal_of)]
#: On each route that needs a key.
KEY_NEEDED = Security(_SCHEME)
