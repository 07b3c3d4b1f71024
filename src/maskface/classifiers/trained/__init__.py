"""Classifiers that learn from the pictures of a run, and are asked about other people's."""
