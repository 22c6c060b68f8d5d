"""Collections as a whole: making them, moving the alias, dropping what it no longer needs."""

from qdrant_client import models

from entry_index import _schema
from entry_index._config import EmbeddingModel
from entry_index._connection import Connection
from entry_index.errors import IndexNotReady, IndexRefused

_CONFLICT = 409


async def find(connection: Connection, name: str) -> models.CollectionInfo | None:
    """The collection of that name or alias."""
    try:
        return await connection.call(connection.client.get_collection(name))
    except IndexNotReady:
        return None


async def make(connection: Connection, name: str, model: EmbeddingModel) -> None:
    """Have the collection with all its payload indexes, whoever else is making it at the same moment."""
    try:
        await connection.call(connection.client.create_collection(name, **_schema.creation(model)))
    except IndexRefused as error:
        if error.status != _CONFLICT:
            raise
    await index_payload(connection, name, await connection.call(connection.client.get_collection(name)))


async def index_payload(connection: Connection, name: str, info: models.CollectionInfo) -> None:
    """Add the payload indexes that are missing; a maker may have died half-way."""
    for field, index in _schema.PAYLOAD_INDEXES.items():
        if field not in info.payload_schema:
            await connection.call(connection.client.create_payload_index(name, field, index, wait=True))


async def name_lexicon(connection: Connection, name: str, mark: str) -> None:
    """Say in the collection's metadata by which lexicon terms are written from now on. What else it says stays."""
    await connection.call(connection.client.update_collection(name, metadata={"lexicon": mark}))


async def point_alias(connection: Connection, alias: str, name: str) -> None:
    """Delete and create are one change: a search finds the old collection or the new one, never none."""
    await connection.call(
        connection.client.update_collection_aliases(
            [
                models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)),
                models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=name, alias_name=alias)),
            ]
        )
    )


async def add_alias(connection: Connection, alias: str, name: str) -> None:
    await connection.call(
        connection.client.update_collection_aliases(
            [models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=name, alias_name=alias))]
        )
    )


async def target_of(connection: Connection, alias: str) -> str | None:
    answer = await connection.call(connection.client.get_aliases())
    return next((each.collection_name for each in answer.aliases if each.alias_name == alias), None)


async def beside(connection: Connection, alias: str) -> list[str]:
    """The collections made for `alias` that it does not lead to: another model's, which are being filled."""
    there = await connection.call(connection.client.get_collections())
    made = [each.name for each in there.collections if each.name.startswith(f"{alias}_")]
    if not made:
        return []
    searched = await target_of(connection, alias)
    return [name for name in made if name != searched]


async def drop(connection: Connection, name: str) -> None:
    await connection.call(connection.client.delete_collection(name))
