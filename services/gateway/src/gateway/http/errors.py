"""What HTTP itself may refuse, beside the errors of `gateway.domain.errors`. docs/errors.md lists both.

GatewayError
|-- OriginNotAllowed            403  origin-not-allowed       a web page that nobody let in opens a WebSocket
|-- RouteNotFound               404  route-not-found          nothing lives at this address
|-- MethodNotAllowed            405  method-not-allowed       something does, but not with this method
|-- BodyMalformed               400  body-malformed           not UTF-8, not JSON, or JSON that readers disagree on
|-- BodyTooSlow                 408  body-too-slow            the body did not arrive in time
|-- BodyTooLarge                413  body-too-large           refused before it was read whole
|-- MediaTypeUnsupported        415  media-type-unsupported   the body is not sent as application/json
`-- PreconditionRequired        428  precondition-required    `If-Match` must name the revision that is replaced
"""

from gateway.domain.errors import GatewayError


class OriginNotAllowed(GatewayError):
    slug, title, status = "origin-not-allowed", "Web pages of this origin are not let in", 403

    def __init__(self) -> None:
        super().__init__("The operator names the origins of web pages in `GATEWAY_CORS_ORIGINS`.")


class RouteNotFound(GatewayError):
    slug, title, status = "route-not-found", "There is nothing at this address", 404

    def __init__(self) -> None:
        super().__init__("The addresses there are stand in /openapi.json.")


class MethodNotAllowed(GatewayError):
    slug, title, status = "method-not-allowed", "This address does not take this method", 405

    def __init__(self) -> None:
        super().__init__("The header `Allow` lists the methods it takes.")


class BodyMalformed(GatewayError):
    slug, title, status = "body-malformed", "The body cannot be read as JSON", 400


class BodyTooSlow(GatewayError):
    slug, title, status = "body-too-slow", "The body did not arrive in time", 408

    def __init__(self, deadline_s: float) -> None:
        super().__init__(f"A body must be sent within {deadline_s:g} seconds.")


class BodyTooLarge(GatewayError):
    slug, title, status = "body-too-large", "The body is too large", 413

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"A body may have {limit_bytes} bytes.")


class MediaTypeUnsupported(GatewayError):
    slug, title, status = "media-type-unsupported", "The body is not sent as JSON", 415

    def __init__(self) -> None:
        super().__init__("Send the body with `Content-Type: application/json`, in UTF-8.")


class PreconditionRequired(GatewayError):
    slug, title, status = "precondition-required", "The revision to replace must be named", 428

    def __init__(self) -> None:
        super().__init__('Send `If-Match` with the `ETag` of the entry, or its revision in quotes, as in `"3"`.')
