"""What is in the images, and what must not be."""

import json
import stat
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.service_images import ROOT, SERVICES, VERSION, Images, image_of

pytestmark = [pytest.mark.containers, pytest.mark.parametrize("service", SERVICES)]

SIZE_MAX_BYTES = 180_000_000
LOGIN = {"sh", "bash", "dash", "busybox", "apt", "apt-get", "dpkg", "pip", "pip3", "perl", "su", "mount", "ldd", "cc"}
DISTRIBUTIONS = """
import json
from importlib.metadata import distributions
print(json.dumps(sorted((known.metadata["Name"], known.version) for known in distributions())))
"""
FACTS = """
import json, os, socket, ssl, sys, zoneinfo
def refused(path):
    try:
        open(path, "w")
    except OSError as error:
        return error.strerror
open("/tmp/works", "w").write("x")
print(json.dumps({
    "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(), "zones": len(zoneinfo.available_timezones()),
    "roots": ssl.create_default_context().cert_store_stats()["x509_ca"],
    "refused": [refused(path) for path in ("/x", "/opt/daybook/x", "/etc/passwd", "/usr/share/sbom/sbom.cdx.json")],
    "status": dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines()),
    "encoding": sys.getfilesystemencoding(), "resolved": socket.gethostbyname("localhost"),
}))
"""


@cache
def members(service: str) -> dict[str, tarfile.TarInfo]:
    """Each path of the root file system, as the engine exports it."""
    with Images() as images, tempfile.TemporaryFile() as file:
        container = images.create(image_of(service))
        for part in container.export():
            file.write(part)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            return {member.name: member for member in archive}


def sbom(images: Images, service: str) -> dict[str, object]:
    return json.loads(images.python(service, "print(open('/usr/share/sbom/sbom.cdx.json').read())"))


def test_an_image_is_small(images: Images, service: str) -> None:
    assert images.client.images.get(image_of(service)).attrs["Size"] < SIZE_MAX_BYTES


def test_nobody_can_log_in_or_install(images: Images, service: str) -> None:
    del images
    names = {Path(path).name for path, member in members(service).items() if member.isfile() or member.issym()}
    on_path = [Path(path) for path in members(service) if "site-packages" not in path]
    programs = {path.name for path in on_path if path.parent.name in {"bin", "sbin"}}
    assert not names & {"bash", "busybox", "apt", "dpkg", "perl"}
    assert not programs & LOGIN
    assert programs <= {"python", "python3", "python3.13"}


def test_nothing_runs_as_another_and_only_tmp_can_be_written(images: Images, service: str) -> None:
    del images
    found = members(service).values()
    assert [member.name for member in found if member.isfile() and member.mode & (stat.S_ISUID | stat.S_ISGID)] == []
    open_to_all = [member.name for member in found if not member.issym() and member.mode & stat.S_IWOTH]
    assert [name.rstrip("/") for name in open_to_all if not name.startswith("dev/")] == ["tmp"]
    assert {(member.uid, member.gid) for member in found} == {(0, 0)}


def test_locked_down_it_is_what_it_should_be(images: Images, service: str) -> None:
    facts = json.loads(images.python(service, FACTS))
    assert (facts["uid"], facts["gid"], facts["groups"]) == (65532, 65532, [65532])
    assert facts["refused"] == ["Read-only file system"] * 4
    status = {name: value.strip() for name, value in facts["status"].items()}
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert facts["zones"] > 400
    assert facts["roots"] > 50
    assert facts["encoding"] == "utf-8"


def test_the_list_of_parts_is_what_is_installed_and_what_was_locked(images: Images, service: str) -> None:
    installed = {(canonicalize_name(n), v) for n, v in json.loads(images.python(service, DISTRIBUTIONS))}
    parts = sbom(images, service)["components"]
    listed = {(part["name"], part["version"]): part["purl"].split("/")[0] for part in parts}
    debian_and_python = {known for known, kind in listed.items() if kind == "pkg:deb" or known[0] == "cpython"}
    assert set(listed) - debian_and_python == installed
    lines = [line.rstrip(" \\") for line in (ROOT / f"deploy/locks/{service}.lock").read_text().splitlines()]
    asked = [Requirement(line) for line in lines if "==" in line]
    inside = {"python_full_version": "3.13.5", "python_version": "3.13"}
    locked = {
        (canonicalize_name(known.name), str(known.specifier).removeprefix("=="))
        for known in asked
        if known.marker is None or known.marker.evaluate(inside)
    }
    ours = {known for known in installed if known[0].startswith("daybook-")}
    assert installed == locked | ours
    assert {listed[known] for known in ours} == {"pkg:generic"}
    assert (f"daybook-{service}", VERSION) in ours


def test_the_list_of_parts_names_python_and_each_library_of_debian(images: Images, service: str) -> None:
    bom = sbom(images, service)
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.5")
    references = [part["bom-ref"] for part in bom["components"]]
    assert len(references) == len(set(references))
    noted = {Path(path).name for path in members(service) if Path(path).parent == Path("var/lib/dpkg/status.d")}
    listed = {part["name"] for part in bom["components"] if part["purl"].startswith("pkg:deb/")}
    assert listed == noted
    assert {"libc6", "tzdata"} <= listed
    assert any(reference.startswith("pkg:generic/python@3.13.") for reference in references)


def test_every_file_of_ours_is_in_it(images: Images, service: str) -> None:
    """As they were when the image was built."""
    revision = images.config(service)["Labels"]["org.opencontainers.image.revision"]
    command = ["git", "ls-tree", "-r", "--name-only", revision, "libs", "services"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    ours = {path.split("/src/")[1] for path in listed if "/src/" in path}
    held = {path.partition("site-packages/")[2] for path in members(service) if "site-packages/" in path}
    packages = {path.split("/")[0] for path in held}
    assert service.replace("-", "_") in packages
    assert {path for path in ours if path.split("/")[0] in packages} - held == set()
    modules = {path for path in held if path.endswith(".py")}
    compiled = {path for path in held if path.endswith(".cpython-313.pyc")}
    assert len(compiled) == len(modules)


def test_nothing_of_the_build_stays(images: Images, service: str) -> None:
    steps = "\n".join(step["CreatedBy"] for step in images.client.images.get(image_of(service)).history())
    assert "secret" not in steps
    assert "ca_bundle" not in steps
    assert "RUN" not in steps
    paths = members(service)
    assert not [path for path in paths if path.startswith(("run/", "build", "root", "var/cache", "wheels"))]
    known = ("certifi/cacert.pem", "grpc/_cython/_credentials/roots.pem")
    ending = ("/pip.conf", "/.env", ".pem", ".key", "direct_url.json")
    assert not [path for path in paths if path.endswith(ending) and not path.endswith(known)]


def test_the_labels_say_what_it_is(images: Images, service: str) -> None:
    known = {key.removeprefix("org.opencontainers.image."): v for key, v in images.config(service)["Labels"].items()}
    assert known["version"] == VERSION
    assert known["licenses"] == "Apache-2.0"
    assert len(known["revision"]) == 40
    assert known["title"].startswith("Daybook ")
    assert known["description"]
