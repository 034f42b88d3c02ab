"""The shared values of a session, and which workers have them."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from automl_meta.execution.cluster.station import receive

PIECE_BYTES = 64 * 1024 * 1024  # that travel in one message
PIECE_SECONDS = 120.0  # that a message may take to all workers


class Library:
    """Sends each shared value to each worker once, before the first work that needs it.

    A value goes to the scheduler once, which passes it on to the workers. Its file here is the original: a worker
    that has lost its copy is given another.
    """

    def __init__(self, client: Any, session: str, preload: tuple[str, ...]) -> None:
        self._client = client
        self._session = session
        self._preload = preload
        self._paths: dict[str, Path] = {}
        self._holders: dict[str, set[str]] = {}

    def add(self, key: str, path: Path) -> None:
        """Offer the content of the file `path`."""
        self._holders[key] = set()
        self._paths[key] = path

    def drop(self, key: str) -> None:
        """Send a value no more."""
        self._paths.pop(key, None)
        self._holders.pop(key, None)

    def note_missing(self, keys: Collection[str], worker: str) -> None:
        """Note that a worker does not have these values after all."""
        for key in keys:
            if key in self._holders:
                self._holders[key].discard(worker)

    def deliver(self, keys: Collection[str], workers: Collection[str]) -> None:
        """Send those of the values to those of the workers that do not have them."""
        for key in keys:
            if key in self._paths:
                lacking = set(workers) - self._holders[key]
                if lacking:
                    self._send(key, sorted(lacking))
                    self._holders[key] |= lacking

    def _send(self, key: str, workers: list[str]) -> None:
        path = self._paths[key]
        size = path.stat().st_size
        offset = 0
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                arguments = (self._session, self._preload, key, piece, offset, size)
                # A worker that is gone is found out by the next look; one that failed says what it is missing.
                self._client.run(
                    receive, *arguments, workers=workers, on_error="ignore", callback_timeout=PIECE_SECONDS
                )
                offset += len(piece)
