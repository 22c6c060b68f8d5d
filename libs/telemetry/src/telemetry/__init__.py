"""Logs, metrics and correlation in one shape for every service."""
