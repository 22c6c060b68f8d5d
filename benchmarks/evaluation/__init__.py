"""How good the models' answers are: moods, search and reflections, by the functions that the services run."""
