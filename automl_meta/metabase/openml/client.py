"""Asking OpenML's server, politely and again.

The server is often slow, and answers with errors for minutes. Every request has a time limit; what fails is asked for
again after a wait that grows, with some chance in it so that clients do not come back together.
"""

import hashlib
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import requests
from requests import exceptions

from automl_meta import __version__
from automl_meta.errors import InputError
from automl_meta.metabase.openml.cache import Page
from automl_meta.metabase.openml.formats import MalformedError, UnreadableError, error_code

logger = logging.getLogger(__name__)

# What the server says where there is nothing: for evaluations, setups, runs, datasets, flows, tasks, descriptions.
NO_RESULT = frozenset({542, 674, 512, 372, 500, 482, 111})
OVERLOADED = 107
TOO_MUCH = frozenset({543, 545, 546})  # more was asked for than the server gives
CHUNK = 1 << 16
OK = 200
SERVER_ERRORS = 500  # and above
GONE = frozenset({401, 403, 404, 410})  # what is said of a file that is not there, or not for us
NO_ADDRESS = (exceptions.MissingSchema, exceptions.InvalidSchema, exceptions.InvalidURL)

Parsed = TypeVar("Parsed")


class FetchError(InputError):
    """Something could not be had."""


class RefusedError(FetchError):
    """The server understood, and says no; asking again would not help."""


class UnavailableError(FetchError):
    """The server did not answer properly, however often it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How to ask.

    Attributes
    ----------
    pause : float
        Seconds between two requests. After an answer that is still doubted there is another wait before the next one:
        of twice as much, then of four times as much, and so on.
    attempts : int
        How often one thing is asked for; a quarter as often where there is another place to get it from.
    first, most : float
        Seconds of the first wait after a failure, and the longest; each wait is twice the last one.
    refusals : int
        How often the server has to refuse for the same reason before it is believed: overloaded, it refuses what it
        has. So often, too, a file that cannot be read has to come whole before it is given up.
    ends : int
        How often it has to say that there is no result.
    timeout : tuple of float
        Seconds until the connection is there, and between two pieces of the response.
    largest : int
        Bytes of the largest response.
    """

    pause: float = 0.5
    attempts: int = 20
    first: float = 1.0
    most: float = 300.0
    refusals: int = 3
    ends: int = 3
    timeout: tuple[float, float] = (20.0, 300.0)
    largest: int = 2 << 30


@dataclass(slots=True)
class Traffic:
    """What was asked and what came, for the summary."""

    requests: int = 0
    bytes: int = 0
    failures: Counter[str] = field(default_factory=Counter)


class Client:
    """Fetches what a path of the server's interface names.

    Parameters
    ----------
    server : str
        As in openml's configuration, such as ``https://www.openml.org/api/v1/xml``.
    key : str
        The API key, sent only to this server; public data need none.
    sleep : callable
        Waits so many seconds; others may be given for tests.
    """

    def __init__(
        self,
        server: str,
        *,
        key: str = "",
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server = server.rstrip("/")
        self.patience = patience or Patience()
        self.traffic = Traffic()
        self._key = key
        self._sleep = sleep
        self._random = random.Random()
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"automl-meta/{__version__}"
        _silence_urls()

    def fetch(self, path: str, parse: Callable[[bytes], Parsed]) -> tuple[Page, Parsed | None]:
        """Return the response to `path`, and what `parse` makes of it; None if there is no result.

        A response that `parse` refuses is asked for again.

        Raises
        ------
        RefusedError
            If the server refuses, as often as it takes to believe it.
        UnavailableError
            If nothing proper came in all attempts.
        """
        # Of descriptions only the XML is read; lists of evaluations may be JSON, where the server's address says so.
        server = self.server if path.startswith("evaluation/") else self.server.removesuffix("/json")
        url = f"{server}/{path}" if server == self.server else f"{server}/xml/{path}"
        refused: Counter[int] = Counter()

        def accept(status: int, body: bytes) -> tuple[Page, Parsed | None] | None:
            if status == OK:
                return Page(body), parse(body)
            code = error_code(body)
            if code is None or code == OVERLOADED or status >= SERVER_ERRORS:
                raise MalformedError(f"status {status}" + ("" if code is None else f", code {code}"))
            refused[code] += 1
            if code in NO_RESULT and refused[code] >= self.patience.ends:
                return Page(body, code), None
            if code not in NO_RESULT and refused[code] >= self.patience.refusals:
                what = "more was asked for than the server gives" if code in TOO_MUCH else f"code {code}"
                raise RefusedError(f"{path}: {what}")
            return None

        return self._insist(path, lambda: accept(*self._get(url)), self.patience.attempts)

    def download(self, url: str, check: Callable[[bytes], None], *, elsewhere: bool = False) -> bytes:
        """Return a file.

        Parameters
        ----------
        check : callable
            Raises `MalformedError` if the file is not what it should be; it is asked for again then. An
            `UnreadableError` says that it came whole.
        elsewhere : bool
            Whether it can be had from another address: then this one is asked less often.

        Raises
        ------
        RefusedError
            If `url` is no address, there is no such file, or it cannot be read, each as often as it takes to believe
            it.
        UnavailableError
            If it did not come in all attempts.
        """
        refused: Counter[int] = Counter()
        unreadable: Counter[str] = Counter()
        attempts = max(self.patience.attempts // 4, self.patience.refusals) if elsewhere else self.patience.attempts

        def accept() -> bytes:
            status, body = self._get(url)
            refused[status] += 1
            if status in GONE and refused[status] >= self.patience.refusals:
                raise RefusedError(f"{url}: status {status}")
            if status != OK:
                raise MalformedError(f"status {status}")
            try:
                check(body)
            except UnreadableError as error:
                digest = hashlib.sha256(body).hexdigest()
                unreadable[digest] += 1
                if unreadable[digest] >= self.patience.refusals:
                    raise RefusedError(f"{url}: {error}, and the same comes each time") from error
                raise
            return body

        return self._insist(url, accept, attempts)

    def _insist(self, what: str, ask: Callable[[], Parsed | None], attempts: int) -> Parsed:
        """Call `ask` until it returns something; None says that the server's answer is still doubted."""
        wait, doubt = self.patience.first, 2 * self.patience.pause
        reason = "no result, or a refusal"
        for _ in range(attempts):
            self._sleep(self.patience.pause)
            try:
                answer = ask()
            except NO_ADDRESS as error:
                raise RefusedError(f"{what}: {error}") from error
            except (MalformedError, requests.RequestException) as error:
                reason = str(error) if isinstance(error, MalformedError) else type(error).__name__
            else:
                if answer is not None:
                    return answer
                self._sleep(doubt * self._random.uniform(0.5, 1.5))
                doubt = min(2 * doubt, self.patience.most)
                continue
            self.traffic.failures[reason[:60]] += 1
            logger.info("%s: %s; asking again", what, reason)
            self._sleep(wait * self._random.uniform(0.5, 1.5))
            wait = min(2 * wait, self.patience.most)
        raise UnavailableError(f"{what}: no proper answer in {attempts} attempts; last: {reason}")

    def _get(self, url: str) -> tuple[int, bytes]:
        self.traffic.requests += 1
        own = url.startswith(self.server.rpartition("/")[0] + "/")
        keys = {"api_key": self._key} if self._key and own else {}
        body = bytearray()
        with self._session.get(url, params=keys, timeout=self.patience.timeout, stream=True) as response:
            for piece in response.iter_content(CHUNK):
                body += piece
                if len(body) > self.patience.largest:
                    raise MalformedError("too large")
            self.traffic.bytes += len(body)
            return response.status_code, bytes(body)


def _silence_urls() -> None:
    """Keep whole addresses, which hold the key, out of the logs of the library below."""
    logging.getLogger("urllib3").setLevel(logging.WARNING)
