"""What can be computed of moods and days. No model, no network, no text."""
