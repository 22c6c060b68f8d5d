"""Key files and query files hold what they should."""

import threading

import pytest

from gateway.db.sql_files import query
from gateway.key_files import read_or_mint
from gateway.service.keys import mint_key


def test_keys_are_of_the_agreed_form_and_never_the_same():
    keys = {mint_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) == len("dbk_") + 8 + 1 + 43 for key in keys)


def test_of_ten_that_mint_at_once_all_read_the_same_key(tmp_path):
    file, found = tmp_path / "sub" / "key", []
    threads = [threading.Thread(target=lambda: found.append(read_or_mint(file))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {file.read_text().strip()}
    assert len(found) == 10
    assert list(file.parent.iterdir()) == [file]


def test_a_query_is_found_by_file_and_name():
    assert query("journals", "delete_journal") == "DELETE FROM journals WHERE name = $1;"
    with pytest.raises(KeyError):
        query("journals", "drop_everything")
