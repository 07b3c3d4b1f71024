"""Worker processes that end soon after the process that started them, however that one ends."""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Final

_INTERVAL_S: Final = 1


def watching() -> dict[str, Any]:
    """Return the arguments by which a pool of joblib starts workers that watch this process.

    A killed process cannot end its workers, which would go on writing checkpoints.
    """
    return {"initializer": watch, "initargs": (os.getpid(),)}


def watch(parent: int) -> None:
    """End this process as soon as its parent is another one than `parent`."""

    def check() -> None:
        while os.getppid() == parent:
            time.sleep(_INTERVAL_S)
        os._exit(1)

    threading.Thread(target=check, daemon=True).start()
