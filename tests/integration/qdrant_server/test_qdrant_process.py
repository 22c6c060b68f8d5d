import os
import socket
import stat
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from devstack.qdrant.server import QdrantServer

GONE_S = 5


def started_in_vain(*options):
    return subprocess.run(
        [sys.executable, "-m", "devstack.qdrant", *options], capture_output=True, text=True, timeout=20, check=False
    )


def test_a_second_server_on_the_same_data_is_refused(server):
    second = started_in_vain("--data", str(server.directory), "--port", "0")
    assert second.returncode == 1
    assert f"is owned by another Qdrant server (process {server.process.pid})" in second.stderr
    assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_a_taken_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        started = started_in_vain("--data", str(tmp_path), "--port", str(port))
    assert started.returncode == 1
    assert f"port {port} on 127.0.0.1 cannot be listened on: Address already in use" in started.stderr


def test_it_listens_on_this_machine_only(server):
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), timeout=1)


def test_erased_bytes_cannot_be_found_on_disk(tmp_path):
    secret, kept = f"secret-{uuid.uuid4()}", f"kept-{uuid.uuid4()}"
    with QdrantServer(tmp_path) as server:
        client = QdrantClient(url=server.url, check_compatibility=False)
        client.create_collection("c", models.VectorParams(size=4, distance=models.Distance.COSINE))
        client.upsert(
            "c",
            [
                models.PointStruct(id=number, vector=[1, number, 0, 0], payload={"note": kept if number else secret})
                for number in range(2000)
            ],
        )
        assert files_with(tmp_path, secret)
        client.delete("c", models.PointIdsList(points=[0]), wait=True)
        deadline = time.monotonic() + GONE_S
        while (found := files_with(tmp_path, secret)) and time.monotonic() < deadline:
            # Searches go on meanwhile: a busy server erases too.
            client.query_points("c", query=[1.0, 0.0, 0.0, 0.0], limit=3)
        assert not found
        assert files_with(tmp_path, kept)
        client.close()


def test_what_a_dying_server_left_to_vacuum_is_vacuumed_after_the_next_start(tmp_path):
    secret = f"secret-{uuid.uuid4()}"
    server = QdrantServer(tmp_path)
    server.start()
    client = QdrantClient(url=server.url, check_compatibility=False)
    client.create_collection("c", models.VectorParams(size=4, distance=models.Distance.COSINE))
    points = [models.PointStruct(id=each, vector=[1, each, 0, 0], payload={"note": secret}) for each in range(200)]
    client.upsert("c", points)
    client.delete("c", models.PointIdsList(points=list(range(200))), wait=True)
    client.close()
    server.process.kill()
    with server:
        deadline = time.monotonic() + GONE_S
        while files_with(tmp_path, secret):
            assert time.monotonic() < deadline


def test_collections_aliases_and_points_survive_a_restart(tmp_path):
    with QdrantServer(tmp_path) as server:
        client = QdrantClient(url=server.url, check_compatibility=False)
        client.create_collection(
            "c", models.VectorParams(size=4, distance=models.Distance.COSINE), metadata={"model": "m"}
        )
        client.create_payload_index("c", "journal", "keyword")
        alias = models.CreateAlias(collection_name="c", alias_name="a")
        client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
        client.upsert("a", [models.PointStruct(id=1, vector=[1, 0, 0, 0], payload={"journal": "anna"})])
        client.close()
    with QdrantServer(tmp_path) as server:
        client = QdrantClient(url=server.url, check_compatibility=False)
        info = client.get_collection("a")
        assert (info.points_count, info.config.metadata, list(info.payload_schema)) == (1, {"model": "m"}, ["journal"])
        client.close()


def test_the_api_key_is_made_once_and_asked_for(tmp_path):
    key_file = tmp_path / "key"
    with QdrantServer(tmp_path / "data", api_key_file=key_file) as server:
        key = key_file.read_text().strip()
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        assert httpx.get(f"{server.url}/collections").status_code == 401
        assert httpx.get(f"{server.url}/collections", headers={"api-key": "wrong"}).status_code == 401
        assert httpx.get(f"{server.url}/collections", headers={"api-key": key}).status_code == 200
        assert httpx.get(f"{server.url}/collections", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert httpx.get(f"{server.url}/readyz").status_code == 200
    with QdrantServer(tmp_path / "data", api_key_file=key_file):
        assert key_file.read_text().strip() == key


def test_an_empty_api_key_file_is_refused(tmp_path):
    (tmp_path / "key").touch()
    started = started_in_vain("--data", str(tmp_path), "--port", "0", "--api-key-file", str(tmp_path / "key"))
    assert started.returncode == 1
    assert "holds no API key" in started.stderr


def test_half_made_collections_are_swept_at_the_start(tmp_path):
    half = tmp_path / "collections" / "half"
    (half / "shard").mkdir(parents=True)
    with QdrantServer(tmp_path) as server:
        client = QdrantClient(url=server.url, check_compatibility=False)
        assert client.get_collections().collections == []
        client.create_collection("half", models.VectorParams(size=4, distance=models.Distance.COSINE))
        with pytest.raises(UnexpectedResponse, match="already exists"):
            client.create_collection("half", models.VectorParams(size=4, distance=models.Distance.COSINE))
        client.close()


def files_with(directory, needle):
    """Which files hold the bytes. A vacuum takes files and folders away while this looks."""
    found = []
    for folder, _, names in os.walk(directory):
        for name in names:
            with suppress(FileNotFoundError):
                path = Path(folder, name)
                if needle.encode() in path.read_bytes():
                    found.append(path)
    return found
