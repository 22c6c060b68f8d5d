"""Entity tags: the revision, and a mark of what became of it.

`"3-1f0a9c2e"` is revision 3 with certain enrichment states. A tag of the revision alone would tell a client that waits
for its moods by `If-None-Match` that nothing had changed, for ever. `If-Match` looks at the revision only: a worker
that reports meanwhile must not make a client's edit fail. It takes `"3"` too.
"""

import re
from hashlib import sha256

from contracts.entries import EntryView
from gateway.http.errors import PreconditionRequired

_TAG = re.compile(r'"([1-9][0-9]{0,9})(?:-[0-9a-f]{8})?"')
#: No entry is at it, so it matches none.
_NO_REVISION = 0


def entity_tag(entry: EntryView) -> str:
    states = [
        (kind, enrichment.state, enrichment.revision, enrichment.updated_at.isoformat())
        for kind, enrichment in sorted(entry.enrichments.items())
    ]
    if entry.care is not None:
        states.append(("care", entry.care.kind, entry.revision, entry.care.text))
    return f'"{entry.revision}-{sha256(repr(states).encode()).hexdigest()[:8]}"'


def content_tag(content: str) -> str:
    """Of an answer that has no revision of its own: it changes with every byte."""
    return f'"{sha256(content.encode()).hexdigest()[:16]}"'


def required_revision(if_match: str | None) -> int:
    """The revision that `If-Match` names; one that no entry has where it names no single revision of ours.

    Raises:
        PreconditionRequired: there is no header, or it is `*`: to replace whatever is there is how edits get lost.
    """
    revision = optional_revision(if_match)
    if revision is None:
        raise PreconditionRequired
    return revision


def optional_revision(if_match: str | None) -> int | None:
    """As `required_revision`, but None for no header and for `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _TAG.fullmatch(if_match.strip())
    return int(match[1]) if match else _NO_REVISION


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Source: https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match (weak comparison)."""
    known = [candidate.strip().removeprefix("W/") for candidate in (if_none_match or "").split(",")]
    return "*" in known or tag in known
