"""What the server answers when it does not do as it was told.

Refused(Exception)       an answer in Qdrant's error shape; `status` is the HTTP status
|-- BadRequest      400  malformed, unknown or not served
|-- NotFound        404  no such collection, alias or point
`-- Conflict        409  the collection is there already
DataDirectoryInUse       another server owns the data: this one must not start
"""

from pathlib import Path


class Refused(Exception):
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)


class BadRequest(Refused):
    status = 400


class NotFound(Refused):
    status = 404


class Conflict(Refused):
    status = 409


class DataDirectoryInUse(Exception):
    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(
            f"{path} is owned by another Qdrant server (process {owner or 'unknown'}). "
            "Stop that one first, or give this one another --data directory."
        )
        self.path = path
        self.owner = owner
