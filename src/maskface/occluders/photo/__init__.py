"""Measurements of the photograph that a drawing follows: light, sharpness, spectacles, hair."""
