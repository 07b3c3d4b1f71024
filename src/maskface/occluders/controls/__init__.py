"""Occluders that nobody wears: what a mask is compared with, to tell why it hides an emotion."""
