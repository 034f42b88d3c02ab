"""Which server, which key, where the cache is: openml's own configuration, and the environment."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from automl_meta.datasets.named import SERVER_VARIABLE
from automl_meta.metabase.openml.cache import PageCache

KEY_VARIABLE = "OPENML_API_KEY"
FOLDER = "automl-meta-rebuild"  # in openml's cache


def server_address(given: str | None = None) -> str:
    """Return the server's address: `given`, else the environment's, else that of openml's configuration."""
    address = given or os.environ.get(SERVER_VARIABLE) or str(_configuration().server)
    return address if "/api/" in address else f"{address.rstrip('/')}/api/v1/xml"


def api_key(server: str, given: str | None = None) -> str:
    """Return the key: `given`, else the environment's, else that of openml's configuration; it may be empty.

    The configuration's key is for the configuration's server: another one does not get it.
    """
    named = given or os.environ.get(KEY_VARIABLE)
    if named:
        return named
    configuration = _configuration()
    same = urlsplit(server).netloc == urlsplit(str(configuration.server)).netloc
    return str(configuration.apikey or "") if same else ""


def page_cache(folder: Path | None, server: str) -> PageCache:
    """Return the cache in `folder`, or beside openml's own if none is given."""
    return PageCache(folder or Path(_configuration()._root_cache_directory) / FOLDER, server)


def _configuration() -> Any:
    import openml  # heavy

    return openml.config
