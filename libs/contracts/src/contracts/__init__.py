"""What Daybook's processes say to one another: events, API models, subjects and stream topology.

pydantic only: no broker, no Celery, no database. Import from the module that owns the name.
"""
