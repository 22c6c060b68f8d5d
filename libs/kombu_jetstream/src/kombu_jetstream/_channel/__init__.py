"""kombu's channel: declarations, publishing, consuming, and what it holds."""
