"""Where the meta-bases are: the one that comes with the package, and the user's own."""

import logging
import os
import sys
from importlib import resources
from pathlib import Path

from automl_meta.errors import InputError

logger = logging.getLogger(__name__)

FILE_NAME = "shipped.sqlite"
METABASE_VARIABLE = "AUTOML_META_METABASE"


def shipped_path() -> Path | None:
    """Return the meta-base that comes with the package, or None if it came without.

    An installed package has it inside; a checkout has it in the folder `metabase` at its top.
    """
    package = Path(str(resources.files("automl_meta")))
    candidates = (package / "metabase" / "shipped" / FILE_NAME, package.parent / "metabase" / FILE_NAME)
    return next((path for path in candidates if path.is_file()), None)


def default_path() -> Path:
    """Return the meta-base to read where none was named: by AUTOML_META_METABASE, or the shipped one.

    Raises
    ------
    InputError
        If there is none.
    """
    named = os.environ.get(METABASE_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise InputError(f"{path}: there is no such meta-base, but {METABASE_VARIABLE} names it.")
        return path
    shipped = shipped_path()
    if shipped is None:
        raise InputError(
            "no meta-base came with this copy of automl-meta. Try --metabase FILE, or: automl-meta metabase build"
        )
    return shipped


def personal_path() -> Path:
    """Return where the user's own meta-base is, or would be: in the user's data directory on this platform."""
    return _data_directory() / "automl-meta" / "personal.sqlite"


def writable_path() -> Path:
    """Return the meta-base that is written to where none was named: always the personal one, whose folder is made.

    AUTOML_META_METABASE names what is read; many may share that.
    """
    path = personal_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def metabase_paths(named: Path | None = None) -> list[Path]:
    """Return the meta-bases to learn from: `named` alone, or the default one and, if it exists, the personal one.

    A personal one that cannot be read is left out with a warning.

    Raises
    ------
    InputError
        If `named` does not exist, or there is no default.
    """
    if named is not None:
        if not named.is_file():
            raise InputError(f"{named}: there is no such meta-base. Try --metabase with another file.")
        return [named]
    personal = personal_path()
    return [default_path(), *([personal] if personal.is_file() and _is_readable(personal) else [])]


def _is_readable(path: Path) -> bool:
    """Return whether the store at `path` can be read; warn if not."""
    from automl_meta.metabase.connection import DamagedError
    from automl_meta.metabase.store import MetaBase
    from automl_meta.metabase.verification import damages

    try:
        with MetaBase.open(path) as store:
            for damage in damages(store):
                raise DamagedError(str(path), damage)
    except InputError as error:
        logger.warning("your personal meta-base is left out: %s", error)
        return False
    return True


def _data_directory() -> Path:
    named = os.environ.get("XDG_DATA_HOME")
    if named and Path(named).is_absolute():
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path.home() / ".local" / "share"
