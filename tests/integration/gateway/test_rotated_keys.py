"""An API key is replaced without a moment in which none works: a second one, then the first is revoked for good."""

import pytest

from gateway.domain.errors import KeyInvalid
from gateway.service.keys import authenticate, ensure_key, list_keys, mint_key, revoke_key
from support.gateway_process import gateway_env, run_gateway


async def _ensure(store, key):
    return await ensure_key(store, key, name="app", scopes=["read"], journals=["anna"])


async def test_old_and_new_key_work_until_the_old_one_is_revoked(store):
    old, new = mint_key(), mint_key()
    old_id, new_id = (await _ensure(store, old)).key_id, (await _ensure(store, new)).key_id
    assert (await authenticate(store, f"Bearer {old}")).key_id == old_id
    assert await revoke_key(store, old_id)
    with pytest.raises(KeyInvalid):
        await authenticate(store, f"Bearer {old}")
    assert (await authenticate(store, f"Bearer {new}")).key_id == new_id
    states = {key.principal.key_id: key.revoked_at is None for key in await list_keys(store)}
    assert states == {old_id: False, new_id: True}


async def test_a_revoked_key_is_not_brought_back_by_the_file_it_is_in(store):
    key = mint_key()
    key_id = (await _ensure(store, key)).key_id
    await revoke_key(store, key_id)
    (before,) = await list_keys(store)
    with pytest.raises(KeyInvalid):
        await _ensure(store, key)
    assert await revoke_key(store, key_id)
    assert await list_keys(store) == [before]


async def test_what_is_no_key_cannot_be_revoked(store):
    assert not await revoke_key(store, "00000000")


def test_an_operator_lists_and_revokes_keys_by_command(database_url, tmp_path):
    env = gateway_env(database_url, "nats://127.0.0.1:1")
    file = tmp_path / "key"
    flags = ["--name", "app", "--scopes", "read,write", "--journals", "anna,ben", "--key-file", str(file)]
    key_id = run_gateway(env, "keys", "ensure", *flags).stdout.strip()
    listed = run_gateway(env, "keys", "list").stdout.strip().split("\t")
    assert (listed[0], listed[2:]) == (key_id, ["valid", "app", "read,write", "anna,ben"])
    assert run_gateway(env, "keys", "revoke", key_id).returncode == 0
    again = run_gateway(env, "keys", "list").stdout
    assert "revoked" in again
    assert file.read_text().strip() not in again
    assert run_gateway(env, "keys", "revoke", "00000000").returncode == 1
    revived = run_gateway(env, "keys", "ensure", *flags)
    assert (revived.returncode, revived.stderr) == (
        1,
        f"the key in {file} was revoked, or has the id of another one: put a new one there\n",
    )
    unknown = run_gateway(env, "keys", "revoke", "00000000")
    assert (unknown.returncode, unknown.stderr.startswith("no key has the id 00000000")) == (1, True)
    assert len(unknown.stderr.splitlines()) == 1
    file.chmod(0o600)
    file.write_text("dbk_hush")
    malformed = run_gateway(env, "keys", "ensure", *flags)
    assert (malformed.returncode, malformed.stderr.startswith(f"{file} holds no key")) == (1, True)
    assert "hush" not in malformed.stderr
    # A container keeps no file.
    flags[-1], given = "-", mint_key()
    read = run_gateway(env, "keys", "ensure", *flags, told=given)
    assert (read.returncode, read.stdout.strip()) == (0, given[4:12]), read.stderr
    nothing = run_gateway(env, "keys", "ensure", *flags)
    form = "dbk_, eight hex digits, _ and 43 characters"
    assert (nothing.returncode, nothing.stderr) == (1, f"standard input holds no key: {form}\n")
