"""Assembles the root of the final images: Python, what it loads, certificates, time zones, and nothing to log in with.

    python root.py IMAGE

Runs in the build, on the base image, and takes what it needs from there, so that the final images have no shell and no
package manager. The Debian packages that files come from are noted where scanners look for them, in dpkg's status.d.
"""

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Parts of the standard library that no server uses: terminals, tests, what makes packages.
UNUSED = (
    *("__pycache__", "config-*", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages"),
    *("sitecustomize.py", "test", "tests", "tkinter", "turtle.py", "turtledemo", "venv"),
    *("_curses*", "_ctypes_test*", "_dbm*", "_gdbm*", "_test*", "_tkinter*", "_xx*", "readline*", "xx*"),
)
#: Wheels are linked against these and bring all else along (PEP 600).
FOR_WHEELS = (
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libstdc++.so.6",
)
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
ZONES = Path("/usr/share/zoneinfo")
LOCALE = Path("/usr/lib/locale/C.utf8")
USERS = "root:x:0:0:root:/:/sbin/nologin\ndaybook:x:65532:65532:daybook:/tmp:/sbin/nologin\n"
GROUPS = "root:x:0:\ndaybook:x:65532:\n"


def main() -> None:
    image = Path(sys.argv[1])
    image.mkdir()
    for name in ("bin", "lib", "lib64", "sbin"):  # Debian's links into /usr.
        if Path("/", name).is_symlink():
            link = Path("/", name).readlink()
            inside(image, Path("/", link)).mkdir(parents=True)
            (image / name).symlink_to(link)
    stdlib = Path(sysconfig.get_path("stdlib"))
    executables = [Path(sys.executable), *(Path(sys.executable).with_name(name) for name in ("python", "python3"))]
    taken = [*executables, CERTIFICATES, Path("/usr/lib/os-release"), Path("/etc/os-release")]
    copy_tree(stdlib, image, *UNUSED)
    taken += libraries([*executables, *sorted(inside(image, stdlib).rglob("*.so"))])
    for path in taken:
        copy(path, image)
    copy_tree(ZONES, image, "posix", "right")
    copy_tree(LOCALE, image)
    # Where a base has Python in /usr/local, its library is found by this alone.
    for path in (Path("/etc/ld.so.conf"), *Path("/etc/ld.so.conf.d").iterdir()):
        copy(path, image)
    subprocess.run(["ldconfig", "-r", image], check=True)
    # The interpreter trusts these: the image cannot be written to, and a build sets new times on the sources.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    assert compileall.compile_dir(inside(image, stdlib), quiet=1, stripdir=image, invalidation_mode=mode)
    (image / "etc/passwd").write_text(USERS)
    (image / "etc/group").write_text(GROUPS)
    (image / "tmp").mkdir()
    (image / "tmp").chmod(0o1777)
    note_packages(image)


def libraries(programs: Iterable[Path]) -> list[Path]:
    """What the dynamic linker loads for them, the linker itself included.

    Raises:
        SystemExit: one is missing on the base image.
    """
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
    if "not found" in listed:
        sys.exit(listed)
    found = {
        Path(word) for line in listed.splitlines() for word in line.split() if word.startswith("/") and "so" in word
    }
    folder = next(path for path in found if path.name == "libc.so.6").parent
    found |= {folder / name for name in FOR_WHEELS}
    return sorted(path for path in found if not path.name.endswith(":"))


def copy(path: Path, image: Path) -> None:
    """With the links on its way, each as it is."""
    target = inside(image, path)
    if target.exists() or target.is_symlink():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(path.readlink())
        copy(path.parent / path.readlink(), image)
    else:
        shutil.copy2(path, target)


def copy_tree(folder: Path, image: Path, *left_out: str) -> None:
    shutil.copytree(folder, inside(image, folder), symlinks=True, ignore=shutil.ignore_patterns(*left_out))


def inside(image: Path, path: Path) -> Path:
    return image / os.path.normpath(path).lstrip("/")


def note_packages(image: Path) -> None:
    """Debian's paragraph about each package that a file of the image is from, and its licence."""
    files = {"/" + str(path.relative_to(image)) for path in image.rglob("*") if not path.is_dir()}
    folder = image / "var/lib/dpkg/status.d"
    folder.mkdir(parents=True)
    for package, paragraph in paragraphs():
        if files & owned(package, paragraph):
            (folder / package).write_text(paragraph + "\n")
            copyright_file = Path("/usr/share/doc", package, "copyright")
            if copyright_file.exists():
                copy(copyright_file, image)


def paragraphs() -> Iterator[tuple[str, str]]:
    for paragraph in Path("/var/lib/dpkg/status").read_text().strip().split("\n\n"):
        yield field(paragraph, "Package"), paragraph


def owned(package: str, paragraph: str) -> set[str]:
    info = Path("/var/lib/dpkg/info")
    lists = [info / f"{package}.list", info / f"{package}:{field(paragraph, 'Architecture')}.list"]
    paths = {line for file in lists if file.exists() for line in file.read_text().splitlines()}
    # Old lists know nothing of the links into /usr.
    return paths | {"/usr" + path for path in paths if not path.startswith("/usr/")}


def field(paragraph: str, name: str) -> str:
    return next(line.removeprefix(f"{name}: ") for line in paragraph.splitlines() if line.startswith(f"{name}: "))


if __name__ == "__main__":
    main()
