"""The configurations that the meta-base knows: defaults, expert picks, and an even spread over each space."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count, islice

from automl_meta.datasets.task import Task
from automl_meta.pipelines.catalogue import catalogue, default_configuration, find_algorithm, search_space
from automl_meta.pipelines.configuration import Configuration, Value
from automl_meta.pipelines.cube import active_only, decode

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)


def candidate_configurations(task: Task, n: int) -> list[Configuration]:
    """Return the first `n` candidates for `task`; more of them begin with the same ones.

    First come the defaults, strong and cheap algorithms before others, then what experts would try next, then
    samples of each search space in proportion to how much tuning the algorithm matters. What is installed has no
    influence.
    """
    return list(islice(_candidates(task), n))


def expert_configurations(name: str, task: Task) -> list[Configuration]:
    """Return the expert picks of the algorithm `name`, completed by its defaults."""
    return [completed(name, pick, task) for pick in find_algorithm(name, task).expert_picks(task)]


def completed(name: str, pick: Mapping[str, Value], task: Task) -> Configuration:
    """Return a configuration of the algorithm `name` that has the values of `pick`, and defaults for the rest.

    Raises
    ------
    ValueError
        If its space has no such hyperparameter.
    """
    space = search_space(name, task)
    unknown = set(pick) - set(space)
    if unknown:
        raise ValueError(f"{name}: a pick names {sorted(unknown)}, which its space does not have")
    everything = {key: space[key].default_value for key in space} | dict(pick)
    return Configuration(name, active_only(space, everything), find_algorithm(name, task).version)


def spread(name: str, task: Task) -> Iterator[Configuration]:
    """Yield configurations that fill the space of the algorithm `name` evenly; ends where the space is used up."""
    algorithm = find_algorithm(name, task)
    space = search_space(name, task)
    seen: set[str] = set()
    misses = 0
    for index in count(1):
        point = {key: _halton(index, position, name) for position, key in enumerate(space)}
        configuration = Configuration(name, decode(space, point), algorithm.version)
        if configuration.id not in seen:
            seen.add(configuration.id)
            yield configuration
            misses = 0
        elif (misses := misses + 1) > 50:
            return


def _candidates(task: Task) -> Iterator[Configuration]:
    seen: set[str] = set()
    for configuration in _proposals(task):
        if configuration.id not in seen:
            seen.add(configuration.id)
            yield configuration


def _proposals(task: Task) -> Iterator[Configuration]:
    names = list(catalogue(task, installed_only=False))
    for name in names:
        yield default_configuration(name, task)
    picks = {name: expert_configurations(name, task) for name in names}
    for rank in range(max(map(len, picks.values()))):
        yield from (picks[name][rank] for name in names if rank < len(picks[name]))
    streams = {name: spread(name, task) for name in names if find_algorithm(name).tunability > 0}
    given = dict.fromkeys(streams, 0.0)
    while streams:
        name = min(streams, key=lambda name: (given[name] + 1) / find_algorithm(name).tunability)
        given[name] += 1
        configuration = next(streams[name], None)
        if configuration is None:
            del streams[name]
        else:
            yield configuration


def _halton(index: int, dimension: int, key: str) -> float:
    """Return a coordinate of a Halton sequence whose digits are permuted by a hash of `key`; Halton, 1960."""
    base = _PRIMES[dimension]
    share, result = 1.0, 0.0
    for level in range(40):
        if base**level > 2**53:
            break
        permuted = _permutation(base, f"{key}/{dimension}/{level}")
        share /= base
        result += permuted[index % base] * share
        index //= base
    return min(result, 1.0 - 2.0**-53)


@cache
def _permutation(base: int, key: str) -> tuple[int, ...]:
    return tuple(sorted(range(base), key=lambda digit: hashlib.sha256(f"{key}/{digit}".encode()).digest()))
