"""All collections of a data directory, and the aliases that point at them."""

import re
import shutil
from pathlib import Path
from uuid import uuid4

from devstack.qdrant import meta, schema
from devstack.qdrant.collection import Collection
from devstack.qdrant.errors import BadRequest, Conflict, NotFound
from devstack.qdrant.wire import Json, items, required, take, text

_NAME = re.compile(r"[^<>:\"/\\|?*\x00-\x1f.][^<>:\"/\\|?*\x00-\x1f]{0,254}")


class Catalog:
    def __init__(self, directory: Path) -> None:
        self._collections_path = directory / "collections"
        self._aliases_path = directory / "aliases.json"
        self._collections: dict[str, Collection] = {}
        self._aliases: dict[str, str] = {}

    def open(self) -> None:
        """Load what is there; what never became a collection, or was being deleted, is swept away."""
        self._collections_path.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._collections_path.iterdir()):
            if (path / "meta.json").exists():
                self._collections[path.name] = Collection.load(path)
            else:
                shutil.rmtree(path)
        if self._aliases_path.exists():
            self._aliases = {
                alias: target for alias, target in meta.read(self._aliases_path).items() if target in self._collections
            }

    def close(self) -> None:
        for collection in self._collections.values():
            if collection.vacuum_due:
                collection.vacuum()
            collection.close()
        self._collections.clear()

    @property
    def collections(self) -> list[Collection]:
        return list(self._collections.values())

    @property
    def aliases(self) -> dict[str, str]:
        return dict(self._aliases)

    def exists(self, name: str) -> bool:
        return name in self._collections or name in self._aliases

    def get(self, name: str) -> Collection:
        """The collection of that name or alias."""
        collection = self._collections.get(self._aliases.get(name, name))
        if collection is None:
            raise NotFound(f"Not found: Collection `{name}` doesn't exist!")
        return collection

    def create(self, name: str, body: Json) -> None:
        if self.exists(name):
            raise Conflict(f"Wrong input: Collection `{name}` already exists!")
        if not _NAME.fullmatch(name):
            raise BadRequest(f"Wrong input: {name!r} cannot name a collection")
        # The whole configuration is checked before anything is on disk: a bad create must not spoil the name.
        config = schema.collection_config(body)
        self._collections[name] = Collection.create(name, self._collections_path / name, config)

    def delete(self, name: str) -> bool:
        collection = self._collections.pop(name, None)
        if collection is None:
            return False
        if gone := {alias for alias, target in self._aliases.items() if target == name}:
            self._keep_aliases({alias: target for alias, target in self._aliases.items() if alias not in gone})
        # Without its meta file the folder is no collection: a crash from here on ends in the sweep of `open`.
        (collection.path / "meta.json").unlink()
        collection.close()
        shutil.rmtree(collection.path.rename(collection.path.with_name(f".deleted-{uuid4()}")))
        meta.sync_directory(self._collections_path)
        return True

    def change_aliases(self, actions: object) -> None:
        """All of the actions or none of them."""
        changed = dict(self._aliases)
        for action in items(actions, "actions"):
            given = take(action, "action", "create_alias", "delete_alias", "rename_alias")
            match given:
                case {"create_alias": create}:
                    self._create_alias(changed, create)
                case {"delete_alias": delete}:
                    alias = text(required(take(delete, "delete_alias", "alias_name"), "alias_name"), "alias_name")
                    changed.pop(alias, None)
                case {"rename_alias": rename}:
                    names = take(rename, "rename_alias", "old_alias_name", "new_alias_name")
                    old, new = required(names, "old_alias_name"), required(names, "new_alias_name")
                    if old not in changed:
                        raise NotFound(f"Not found: Alias {old} does not exists!")
                    changed[text(new, "new_alias_name")] = changed.pop(old)
                case _:
                    raise BadRequest("Format error in JSON body: an action creates, deletes or renames an alias")
        self._keep_aliases(changed)

    def _create_alias(self, changed: dict[str, str], create: object) -> None:
        given = take(create, "create_alias", "alias_name", "collection_name")
        alias, target = required(given, "alias_name"), required(given, "collection_name")
        if target not in self._collections:
            raise NotFound(f"Not found: Collection `{target}` doesn't exist!")
        if alias in self._collections:
            raise Conflict(f"Wrong input: Collection `{alias}` already exists!")
        changed[text(alias, "alias_name")] = target

    def _keep_aliases(self, aliases: dict[str, str]) -> None:
        meta.write_durably(self._aliases_path, dict(aliases))
        self._aliases = aliases
