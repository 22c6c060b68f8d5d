"""Whether a process answers its probe."""

import httpx


def is_well(url: str) -> bool:
    """Whether it answers below 500 within two seconds."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False
