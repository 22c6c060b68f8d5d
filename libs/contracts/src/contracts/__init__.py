"""Events, API models, subjects and stream topology of Daybook (pydantic only)."""
