"""Pulls on consumers, bounded by what a channel may hold."""
