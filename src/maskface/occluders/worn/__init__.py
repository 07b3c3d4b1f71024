"""Masks and other things worn, one module per kind."""
