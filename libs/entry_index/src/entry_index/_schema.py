"""The collection's schema: its name, vectors, payload indexes and strict mode, and the model in its metadata."""

import hashlib
import re
from typing import Any

from qdrant_client import models

from entry_index._config import EmbeddingModel

DENSE = "dense"
BM25 = "bm25"
#: Strict mode refuses a higher one, so no caller can ask for a whole collection.
QUERY_LIMIT_MAX = 100
#: Filtered fields: indexed before the first point, as graphs built earlier would not know a later index.
PAYLOAD_INDEXES: dict[str, models.PayloadFieldSchema] = {
    "journal": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    "entry_id": models.PayloadSchemaType.KEYWORD,
    "revision": models.PayloadSchemaType.INTEGER,
    "chunk": models.PayloadSchemaType.INTEGER,
    "written_at": models.PayloadSchemaType.DATETIME,
    "tags": models.PayloadSchemaType.KEYWORD,
}


def collection_name(alias: str, model: EmbeddingModel) -> str:
    """One name a model: two workers that ensure the same model make the same collection."""
    slug = re.sub(r"[^a-z0-9]+", "-", model.name.lower()).strip("-")[:64]
    # The slug is for people; two models whose names or weights differ must not meet in one collection.
    identity = hashlib.sha256(f"{model.name}\0{model.digest}".encode()).hexdigest()[:8]
    return f"{alias}_{slug}_{model.dimension}_{identity}"


def creation(model: EmbeddingModel) -> dict[str, Any]:
    """What `create_collection` is told beside the name."""
    return {
        "vectors_config": {DENSE: models.VectorParams(size=model.dimension, distance=models.Distance.COSINE)},
        # The index knows in how many passages a term stands; the term's frequency in one comes with the point.
        "sparse_vectors_config": {BM25: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        # A graph for each journal and none over all of them: every search stays within one journal.
        "hnsw_config": models.HnswConfigDiff(m=0, payload_m=16),
        # Erased entries must leave the disk: the defaults (0.2, 1000) keep small deletions there for ever.
        "optimizers_config": models.OptimizersConfigDiff(deleted_threshold=0.05, vacuum_min_vector_number=100),
        "strict_mode_config": models.StrictModeConfig(
            enabled=True,
            unindexed_filtering_retrieve=False,
            unindexed_filtering_update=False,
            max_query_limit=QUERY_LIMIT_MAX,
        ),
        "metadata": {"model": model.name, "model_digest": model.digest, "dimension": model.dimension},
    }


def model_of(info: models.CollectionInfo) -> EmbeddingModel | None:
    """The model whose vectors a collection holds; None when it does not say."""
    match info.config.metadata:
        case {"model": str(name), "model_digest": str(digest), "dimension": int(dimension)}:
            return EmbeddingModel(name, digest, dimension)
        case _:
            return None


def lexicon_of(info: models.CollectionInfo) -> str | None:
    """The mark of the lexicon by which terms are written; empty where none are, None before anybody said."""
    match info.config.metadata:
        case {"lexicon": str(mark)}:
            return mark
        case _:
            return None
