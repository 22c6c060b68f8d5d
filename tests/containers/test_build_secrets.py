"""What a build is lent is used and not kept."""

import os
import secrets
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.service_images import ROOT, Images

pytestmark = pytest.mark.containers

BUILD_S = 240
TAG = "daybook/test-of-secrets:1"


@pytest.mark.timeout(BUILD_S + 60)
def test_what_a_build_was_lent_is_in_no_layer_and_no_history(images: Images, tmp_path: Path) -> None:
    mark = f"lent-{secrets.token_hex(16)}"
    certificates = os.environ.get("CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    bundle = Path(certificates).read_text() if certificates else ""
    lent = {
        # Not empty, so that it is used: without a certificate, pip would trust nobody.
        "ca_bundle": f"{bundle}\n# {mark}-ca\n" if bundle else "",
        "pip_conf": f"# {mark}-conf\n[global]\nuser-agent-user-data = {mark}\n",
    }
    arguments = []
    for name, text in lent.items():
        (tmp_path / name).write_text(text)
        arguments += ["--secret", f"id={name},src={tmp_path / name}"]
    # The stage in which secrets are used; with a cache, they would not be.
    command = [os.environ.get("DOCKER", "docker"), "build", "--no-cache", "--file", "deploy/Dockerfile"]
    command += ["--target", "wheels", "--label", "daybook.test=1", "--tag", TAG, *arguments, "."]
    env = {**os.environ, "DOCKER_BUILDKIT": "1"}
    built = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=BUILD_S, check=False)
    assert mark not in built.stdout + built.stderr
    if built.returncode != 0:
        pytest.skip(f"could not be built, perhaps since no index was reached: {built.stderr[-500:]}")
    try:
        found = [name for name, content in contents(images) if mark.encode() in content]
        names = {name for name, _ in contents(images)}
    finally:
        images.client.images.remove(TAG)
    assert found == []
    assert any("uv_build" in name for name in names), "nothing was looked at"


def contents(images: Images) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file of each layer, and of the image's configuration with its history."""
    with tempfile.TemporaryFile() as file:
        for part in images.client.images.get(TAG).save():
            file.write(part)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            for outer in archive:
                content = archive.extractfile(outer)
                if content is not None and outer.name.endswith("layer.tar"):
                    with tarfile.open(fileobj=content) as layer:
                        yield from _files(layer)
                elif content is not None:
                    yield outer.name, content.read()


def _files(layer: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in layer:
        content = layer.extractfile(member) if member.isfile() else None
        if content is not None:
            yield member.name, content.read()
