"""Tears: their paths on the cheek, and the optics of water on skin."""
