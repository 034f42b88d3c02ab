"""In which order experiments are made, so that whatever has been done so far is useful."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.metabase.sources import DatasetSource
from automl_meta.pipelines.configuration import Configuration

FIRST_WAVE = 8  # configurations: the defaults of different algorithms


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of several parts of a build, each for another machine."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that "2/4" names.

        Raises
        ------
        InputError
            If the text is something else, or the index is not from 1 to the count.
        """
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
            raise InputError(f"{text!r} is not a shard. Try --shard 1/4 on the first of four machines.")
        return cls(index=int(index), count=int(count))

    def of(self, ordered: Sequence[DatasetSource]) -> list[DatasetSource]:
        """Return this shard's part of a list that is the same on all machines."""
        return list(ordered[self.index - 1 :: self.count])


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Configurations to be run on one dataset, one after the other."""

    source: DatasetSource
    configurations: tuple[Configuration, ...]


def plan(ordered: Sequence[DatasetSource], candidates: Mapping[Task, Sequence[Configuration]]) -> Iterator[Batch]:
    """Yield batches: the first few configurations on all datasets, then the next twice as many, and so on.

    Parameters
    ----------
    ordered : sequence of DatasetSource
        As `dataset_order` sorts them; all surveyed. This is their order within a wave.
    candidates : mapping from Task to sequence of Configuration
        Most informative first.
    """
    longest = max((len(candidates[source.task]) for source in ordered if source.task), default=0)
    begin, end = 0, FIRST_WAVE
    while begin < longest:
        for source in ordered:
            assert source.task is not None
            wave = tuple(candidates[source.task][begin:end])
            if wave:
                yield Batch(source=source, configurations=wave)
        begin, end = end, 2 * end


def dataset_order(sources: Sequence[DatasetSource], row_cap: int) -> list[DatasetSource]:
    """Sort: one of each family first, then their relatives, simulated ones last; each part evenly over sizes.

    However few of a part were run, they are small, middling and large ones, as all of it: what was run on cheap ones
    only could not be compared with what was run on all. A `row_cap` of 0 is no cap.
    """
    parts: dict[tuple[bool, bool], list[DatasetSource]] = {}
    seen: set[str] = set()
    for source in sources:
        family = source.family or source.name
        parts.setdefault((source.simulated, family in seen), []).append(source)
        if not source.simulated:
            seen.add(family)

    def size(source: DatasetSource) -> tuple[int, str]:
        return min(source.n_rows, row_cap or source.n_rows) * source.n_columns, source.name

    return [source for key in sorted(parts) for source in _evenly(sorted(parts[key], key=size))]


def _evenly(ordered: list[DatasetSource]) -> list[DatasetSource]:
    """Return what is in order such that each beginning is spread evenly over it: by van der Corput's sequence."""
    n_bits = len(ordered).bit_length()
    positions = sorted(range(len(ordered)), key=lambda position: int(f"{position:0{n_bits}b}"[::-1], 2))
    return [ordered[position] for position in positions]
