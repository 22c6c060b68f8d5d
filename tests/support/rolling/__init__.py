"""Replacing the processes of a Daybook under load: what stands before it, who uses it, and the reckoning."""
