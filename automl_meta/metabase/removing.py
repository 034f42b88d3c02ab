"""Removing datasets and runs from a store, by what they are called."""

from collections.abc import Collection
from dataclasses import dataclass

from automl_meta.datasets.errors import listed, nearest
from automl_meta.errors import InputError
from automl_meta.metabase.store import MetaBase


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """What is to be removed.

    Attributes
    ----------
    datasets, families : collection of str
        Datasets by their own names and by those of their families; their runs go with them.
    algorithms, configurations : collection of str
        Runs by the name of their algorithm and by the id of their configuration.
    """

    datasets: Collection[str] = ()
    families: Collection[str] = ()
    algorithms: Collection[str] = ()
    configurations: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """How much was removed."""

    datasets: int
    runs: int


def remove(store: MetaBase, doomed: Doomed) -> Removal:
    """Remove what is `doomed`, and all that is left of it in the file.

    Raises
    ------
    InputError
        If the store has nothing by one of the names; nothing is removed then.
    """
    with store.transaction():
        families = {record.name: record.family for record in store.datasets()}
        configurations = store.configurations()
        _check(store, "dataset", doomed.datasets, families)
        _check(store, "family", doomed.families, families.values())
        _check(store, "algorithm", doomed.algorithms, [one.algorithm for one in configurations])
        _check(store, "configuration", doomed.configurations, [one.id for one in configurations])
        before = store.n_runs()
        datasets = [name for name, family in families.items() if name in doomed.datasets or family in doomed.families]
        for name in datasets:
            store.remove_dataset(name)
        for algorithm in doomed.algorithms:
            store.remove_configurations(algorithm=algorithm)
        for identity in doomed.configurations:
            store.remove_configurations(identity=identity)
        removal = Removal(datasets=len(datasets), runs=before - store.n_runs())
    store.vacuum()
    return removal


def _check(store: MetaBase, kind: str, names: Collection[str], known: Collection[str]) -> None:
    """Refuse names that are not known; what they were probably meant to be, or what there is, is said."""
    there = sorted(set(known))
    unknown = [name for name in names if name not in there]
    if unknown:
        near = list(dict.fromkeys(filter(None, (nearest(name, there) for name in unknown))))
        advice = f"Did you mean {listed(near)}?" if near else f"It has: {listed(there) or 'none'}"
        raise InputError(f"{store.path}: has no {kind} named {listed(unknown)}. {advice}")
