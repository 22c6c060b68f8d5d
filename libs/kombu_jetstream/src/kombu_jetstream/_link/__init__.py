"""The one connection of a process, and the messages that it holds: heartbeats, verdicts, copies."""
