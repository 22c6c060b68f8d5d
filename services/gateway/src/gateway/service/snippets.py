"""Passages cut to a readable length."""

SNIPPET_CHARS = 240
_CUT = "…"


def snippet(body: str, start_char: int, end_char: int) -> str:
    """The beginning of `body[start_char:end_char]`, at most SNIPPET_CHARS, whole words, white space as single blanks.

    A cut end is marked by `…`. A word longer than the whole snippet is cut all the same.
    """
    passage = " ".join(body[start_char:end_char].split())
    if len(passage) <= SNIPPET_CHARS:
        return passage
    room = SNIPPET_CHARS - len(_CUT)
    # The blank after the last word that fits may stand exactly at `room`.
    border = passage.rfind(" ", 0, room + 1)
    return (passage[:border] if border > 0 else passage[:room]) + _CUT
