"""What is shown with an entry that speaks of suicide or self-harm."""

from typing import Literal

from contracts.model import Value

CareKind = Literal["suicide", "self_harm"]


class CareView(Value):
    """A plain text that nobody generated. What it is and what it cannot be: docs/care.md."""

    kind: CareKind
    text: str
    #: Whose text it is: `de-AT`, `en`, or `generic`.
    locale: str
