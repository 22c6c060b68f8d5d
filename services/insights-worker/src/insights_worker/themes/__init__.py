"""What a period is about: entries grouped by meaning, and each group's name."""
