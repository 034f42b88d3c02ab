"""What one candidate read is at hand for the next: results by content, while there is room."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

T = TypeVar("T")


class Memory:
    """Keeps results by key; those that were used last, up to `most_bytes`. Threads may share it."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._known: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def recall(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return what is known by `key`, or make it, and keep it if it takes no more than a quarter of the room."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                known: T = self._known[key][0]
                return known
        made = make()
        n_bytes = size(made)
        if n_bytes <= self.most_bytes / 4:
            with self._lock:
                self._held += n_bytes - self._known.pop(key, (None, 0))[1]
                self._known[key] = (made, n_bytes)
                while self._held > self.most_bytes:
                    self._held -= self._known.popitem(last=False)[1][1]
        return made

    @property
    def held_bytes(self) -> int:
        """What is kept now."""
        return self._held


def digest(texts: NDArray[np.object_]) -> bytes:
    """Return a digest of texts in their order: equal for equal ones, and for no others that will be met."""
    return blake2b(pd.util.hash_array(texts).tobytes(), digest_size=16).digest()
