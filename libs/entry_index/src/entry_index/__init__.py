"""The Qdrant collection of journal entries: schema, upsert, search, erase."""
