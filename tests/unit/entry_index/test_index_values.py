import pytest

from entry_index import Chunk, EmbeddingModel, EntryIndex, EntryIndexError, IndexConfig, ModelMismatch, SearchFilters
from entry_index._schema import collection_name
from support.entries import MONDAY, direction, indexed_entry


def test_moments_carry_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        indexed_entry(written_at=MONDAY.replace(tzinfo=None))
    with pytest.raises(ValueError, match="time zone"):
        SearchFilters(written_from=MONDAY.replace(tzinfo=None))


def test_chunks_are_numbered_without_gaps():
    entry = indexed_entry()
    chunk = Chunk(number=1, start_char=0, end_char=1, vector=direction(0))
    with pytest.raises(ValueError, match="numbered"):
        type(entry)(entry.journal, entry.entry_id, 1, entry.written_at, (), (chunk,))


@pytest.mark.parametrize(
    "other",
    [
        EmbeddingModel("nomic:v1", "a" * 64, 768),
        EmbeddingModel("nomic-v1", "a" * 64, 768),
        EmbeddingModel("nomic:v1", "b" * 64, 768),
        EmbeddingModel("nomic:v1", "a" * 64, 384),
    ],
)
def test_models_share_a_collection_only_when_they_are_the_same(other):
    model = EmbeddingModel("nomic:v1", "a" * 64, 768)
    assert (collection_name("journal", other) == collection_name("journal", model)) == (other == model)


def test_a_model_with_a_long_or_odd_name_makes_a_plain_collection_name():
    name = collection_name("journal", EmbeddingModel("hf.co/Some One/Ünï" + "x" * 300, "d", 8))
    assert name.isascii()
    assert len(name) < 120
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_mismatch_with_an_unknown_model_still_names_the_remedy():
    error = ModelMismatch("journal", EmbeddingModel("mine", "d", 8), None)
    assert "rebuild the index for mine" in str(error)
    assert isinstance(error, EntryIndexError)


async def test_leaving_an_index_that_was_never_entered_is_harmless():
    await EntryIndex(IndexConfig(url="http://127.0.0.1:1", timeout_s=1)).__aexit__(None, None, None)
