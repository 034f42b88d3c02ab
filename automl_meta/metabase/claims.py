"""How several builders share one file without doing the same work.

A builder claims an evaluation before it begins. A claim ends with the run, when its time is over, or when its owner
is a process of this machine that is no longer there.
"""

import os
import socket
import time
from enum import Enum, auto
from functools import cache

import psutil

from automl_meta.metabase.records import Protocol
from automl_meta.metabase.store import MetaBase
from automl_meta.pipelines.configuration import Configuration


class Claim(Enum):
    """The answer to a claim."""

    MINE = auto()
    TAKEN = auto()  # by another builder that is at it
    DONE = auto()  # there is a run already


def claim(
    store: MetaBase,
    dataset: str,
    configuration: Configuration,
    protocol: Protocol,
    *,
    seconds: float,
    again: bool = False,
) -> Claim:
    """Try to claim an evaluation for `seconds`; with `again`, also one that has been run before.

    Raises
    ------
    InputError
        If the dataset is not in the store.
    """
    with store.transaction():
        key = (store.keys.dataset(dataset), store.keys.configuration(configuration), store.keys.protocol(protocol))
        where = "WHERE dataset_id = ? AND configuration_id = ? AND protocol_id = ?"
        if not again and store.connection.execute(f"SELECT 1 FROM run {where}", key).fetchone():
            return Claim.DONE
        other = store.connection.execute(f"SELECT owner, expires FROM claim {where}", key).fetchone()
        if other is not None and other[0] != this_owner() and _is_alive(*other):
            return Claim.TAKEN
        store.connection.execute(
            "INSERT OR REPLACE INTO claim VALUES (?, ?, ?, ?, ?)", (*key, this_owner(), time.time() + seconds)
        )
    return Claim.MINE


def release_claims(store: MetaBase) -> None:
    """Give up all claims of this process, and those that have lost their owner."""
    with store.transaction():
        rows = store.connection.execute("SELECT DISTINCT owner, max(expires) FROM claim GROUP BY owner").fetchall()
        for owner, expires in rows:
            if owner == this_owner() or not _is_alive(owner, expires):
                store.connection.execute("DELETE FROM claim WHERE owner = ?", [owner])


def this_owner() -> str:
    """Return what names this process among those of all machines and times."""
    return _owner(os.getpid())


@cache
def _owner(pid: int) -> str:  # by number: a forked process is another one
    return f"{socket.gethostname()}/{pid}/{psutil.Process(pid).create_time():.2f}"


def _is_alive(owner: str, expires: float) -> bool:
    if time.time() > expires:
        return False
    host, pid, created = owner.rsplit("/", 2)
    if host != socket.gethostname():
        return True  # nobody can tell from here
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" == created
    except psutil.Error:
        return False
