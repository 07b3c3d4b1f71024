"""``python -m maskface``."""

from maskface.cli import main

main()
