"""Headers of NATS requests, as handlers take them."""

from typing import Annotated

from faststream import Header

from contracts.api import AUTHORIZATION_HEADER

Authorization = Annotated[str | None, Header(AUTHORIZATION_HEADER, default=None)]
