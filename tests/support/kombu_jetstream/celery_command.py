"""Celery's own command, without those that other packages add to it.

Flower adds one, and with it half a second of imports to the start of each worker.
"""

import importlib.metadata
import sys
from typing import Any

everything = importlib.metadata.entry_points


def without_plugins(**wanted: Any) -> Any:
    return () if wanted.get("group") == "celery.commands" else everything(**wanted)


if __name__ == "__main__":
    importlib.metadata.entry_points = without_plugins
    from celery.bin.celery import main

    sys.exit(main())
