"""Where a message goes, and that it has arrived."""
