"""One collection: a shard of the engine, and the configuration kept beside it."""

import shutil
from pathlib import Path
from typing import Any, Self

import qdrant_edge as engine

from devstack.qdrant import meta, schema
from devstack.qdrant.faults import engine_faults
from devstack.qdrant.wire import Json


class Collection:
    """Applied operations are in memory until `flush` returns: the engine runs without a write-ahead log."""

    def __init__(
        self, name: str, path: Path, config: Json, indexes: dict[str, str | Json], shard: engine.EdgeShard
    ) -> None:
        self.name = name
        self.path = path
        self.config = config
        #: Payload field -> its index as it was asked for.
        self.indexes = indexes
        #: Deleted bytes may still be on disk.
        self.vacuum_due = False
        self.operations = 0
        self._shard = shard
        self._unflushed = False

    @classmethod
    def create(cls, name: str, path: Path, config: Json) -> Self:
        """A new, empty collection. Its meta file is written last: a folder without one never became a collection."""
        shutil.rmtree(path, ignore_errors=True)
        (path / "shard").mkdir(parents=True)
        with engine_faults():
            shard = engine.EdgeShard.create(str(path / "shard"), schema.engine_config(config))
        collection = cls(name, path, config, {}, shard)
        collection.save()
        meta.sync_directory(path.parent)
        return collection

    @classmethod
    def load(cls, path: Path) -> Self:
        kept = meta.read(path / "meta.json")
        shard = engine.EdgeShard.load(str(path / "shard"), schema.engine_config(kept["config"]))
        collection = cls(path.name, path, kept["config"], kept["indexes"], shard)
        # The last process may have died between a deletion and its vacuum.
        collection.vacuum_due = True
        return collection

    def save(self) -> None:
        meta.write_durably(self.path / "meta.json", {"config": self.config, "indexes": self.indexes})

    def apply(self, operation: engine.UpdateOperation) -> int:
        """The number of the operation, applied but not yet durable."""
        # Said first: an operation that fails half-way may have changed something.
        self._unflushed = True
        before = self.points_count
        with engine_faults():
            self._shard.update(operation)
        self.vacuum_due = self.vacuum_due or self.points_count < before
        self.operations += 1
        return self.operations

    def apply_deletion(self, operation: engine.UpdateOperation) -> int:
        """As `apply`, for an operation that only deletes points; one that met none leaves nothing to flush."""
        unflushed, before = self._unflushed, self.points_count
        number = self.apply(operation)
        self._unflushed = unflushed or self.points_count < before
        return number

    def flush(self) -> None:
        if self._unflushed:
            self._shard.flush()
            self._unflushed = False

    def vacuum(self) -> None:
        """Rewrite segments without what was deleted from them, so that its bytes leave the disk."""
        self._shard.optimize()
        self._shard.flush()
        self.vacuum_due = False

    def add_index(self, field: str, index: str | Json) -> int:
        number = self.apply(engine.UpdateOperation.create_field_index(field, schema.field_index(index)))
        self.flush()
        self.indexes = {**self.indexes, field: index}
        self.save()
        return number

    def drop_index(self, field: str) -> int:
        # First out of the meta file: an index that is listed must be there, one that is there need not be listed.
        self.indexes = {name: index for name, index in self.indexes.items() if name != field}
        self.save()
        return self.apply(engine.UpdateOperation.delete_field_index(field))

    def close(self) -> None:
        self.flush()
        self._shard.close()

    @property
    def points_count(self) -> int:
        return self._shard.info().points_count

    def retrieve(self, ids: list[Any], payload: Any, vector: Any) -> list[engine.Record]:
        with engine_faults():
            return self._shard.retrieve(ids, payload, vector)

    def scroll(self, request: engine.ScrollRequest) -> tuple[list[engine.Record], Any]:
        with engine_faults():
            return self._shard.scroll(request)

    def count(self, chosen: engine.Filter | None, *, exact: bool) -> int:
        with engine_faults():
            return self._shard.count(engine.CountRequest(exact=exact, filter=chosen))

    def query(self, request: engine.QueryRequest) -> list[engine.ScoredPoint]:
        with engine_faults():
            return self._shard.query(request)

    def info(self) -> Json:
        """What GET /collections/{name} shows."""
        info = self._shard.info()
        return {
            "status": "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": info.indexed_vectors_count,
            "points_count": info.points_count,
            "segments_count": info.segments_count,
            "payload_schema": {
                field: {
                    "data_type": index if isinstance(index, str) else index["type"],
                    "params": index if isinstance(index, dict) else None,
                    "points": info.payload_schema[field].points if field in info.payload_schema else 0,
                }
                for field, index in self.indexes.items()
            },
            "config": schema.wire_config(self.config),
        }
