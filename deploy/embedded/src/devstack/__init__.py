"""The embedded stack: real servers from wheels, started and stopped as one."""
