"""Looks for a regular expression in texts: a program of its own, so that it can be ended.

It reads one JSON object, ``pattern``, ``texts`` and the ``fields`` whose named groups are wanted,
and writes another one: the ``groups`` that there are and, for each text, what was ``found`` in
them, null if the pattern does not fit; or only an ``error``. It needs Python's own library alone.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from typing import Any

MEMORY = 2**31
"""Bytes that looking may take, where the system can be told so."""


def look(pattern: str, texts: list[str], fields: list[str]) -> dict[str, Any]:
    """Look for a pattern in each text."""
    try:
        compiled = re.compile(pattern)
        groups = [name for name in compiled.groupindex if name in fields]
        matches = map(compiled.search, texts)
        found = [[m[name] or "" for name in groups] if m else None for m in matches]
    except (re.error, OverflowError) as error:
        return {"error": str(error)}
    except RecursionError:
        return {"error": "its brackets are nested too deeply"}
    except MemoryError:
        return {"error": "it takes too much memory"}
    return {"groups": groups, "found": found}


def limit_memory() -> None:
    """Let the system refuse more than `MEMORY`."""
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    limit_memory()
    json.dump(look(**json.load(sys.stdin)), sys.stdout)
