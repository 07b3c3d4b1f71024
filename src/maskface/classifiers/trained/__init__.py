"""Classifiers that are fitted to pictures of a run, and predict those of other subjects."""
