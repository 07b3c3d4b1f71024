"""Developer-only generators; nothing in here is installed with the package."""
