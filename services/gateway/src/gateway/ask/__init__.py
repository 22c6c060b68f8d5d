"""Asking a journal: what is found for a question, what a model makes of it, and what of that may be believed."""
