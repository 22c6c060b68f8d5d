"""Processes whose coverage is not taken: other tests run the same code, and tracing costs a third of a start."""

import os


def unmeasured() -> dict[str, str]:
    """Our environment, for such a process and all that it starts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}
