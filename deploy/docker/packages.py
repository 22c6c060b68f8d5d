"""Leaves of the installed packages what runs, and compiles what is not compiled yet.

    python packages.py ENVIRONMENT

What goes: tests and compilers of numpy, sources of compiled modules, type stubs, programs for a shell. Each package's
RECORD is made to say so.
"""

import importlib.util
import py_compile
import shutil
import sys
from pathlib import Path

#: What a compiled module was made from, or a type checker reads.
SOURCES = {".a", ".c", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx"}
#: numpy imports neither by itself.
FOLDERS = ("numpy/**/tests", "numpy/f2py")


def main() -> None:
    environment = Path(sys.argv[1])
    (site,) = environment.glob("lib/python3*/site-packages")
    for pattern in FOLDERS:
        for folder in list(site.glob(pattern)):
            shutil.rmtree(folder)
    for path in list(site.rglob("*")):
        if path.suffix in SOURCES and path.is_file():
            path.unlink()
    for path in (environment / "bin").iterdir():
        if not path.name.startswith("python"):
            path.unlink()
    for record in site.glob("*.dist-info/RECORD"):
        rows = record.read_text().splitlines(keepends=True)
        # A name with a comma in it would stand in quotes.
        record.write_text("".join(row for row in rows if (site / row.partition(",")[0].strip('"')).exists()))
    for module in site.rglob("*.py"):
        if not Path(importlib.util.cache_from_source(str(module))).exists():
            # Read-only as they will be, they need not be compared with their sources at each start.
            py_compile.compile(
                str(module), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )


if __name__ == "__main__":
    main()
