"""All evaluations of one task by one measure, although pages overlap.

The server's lists have no order: two pages may have rows in common, and miss others. So rows are told apart by run
and evaluation engine, and a list is complete when the server has nothing at the offset that is the number of rows
seen. Until then it is read again, with pages that begin elsewhere.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from automl_meta.metabase.openml.archive import Archive
from automl_meta.metabase.openml.formats import Evaluation, read_evaluations
from automl_meta.metabase.openml.translation.setups import Setup

ROUNDS = 10  # how often a list is read that is not complete
PROBES = 5  # how often a row beyond the last one is asked for, if one comes that is known
FRUITLESS = 3  # pages in a row without a new row, after which a round ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which evaluations are wanted.

    Attributes
    ----------
    flows, uploaders : sequence of int
        Only these; all if empty.
    """

    task_id: int
    measure: str
    flows: Sequence[int] = ()
    uploaders: Sequence[int] = ()

    def path(self, limit: int, offset: int) -> str:
        """Return the path of a page."""
        return f"{self.base}/limit/{limit}/offset/{offset}"

    @property
    def base(self) -> str:
        """The path without a page."""
        path = f"evaluation/setup/list/function/{self.measure}/task/{self.task_id}"
        for name, ids in (("flow", self.flows), ("uploader", self.uploaders)):
            if ids:
                path += f"/{name}/{','.join(map(str, ids))}"
        return path


@dataclass(slots=True)
class Listing:
    """What was listed.

    Attributes
    ----------
    rows : dict
        By run and evaluation engine.
    setups : dict
        By number; those of earlier lists may be shared.
    complete : bool
        Whether these are all that the server has.
    """

    setups: dict[int, Setup]
    rows: dict[tuple[int, int], Evaluation] = field(default_factory=dict)
    complete: bool = False
    rounds: int = 0

    def add(self, evaluations: Sequence[Evaluation]) -> int:
        """Take in a page; return how many rows are new."""
        before = len(self.rows)
        for row in evaluations:
            if row.parameters is not None and row.setup_id not in self.setups:
                self.setups[row.setup_id] = Setup(row.setup_id, row.flow_id, row.flow_name, row.parameters)
            self.rows.setdefault((row.run_id, row.engine), row)
        return len(self.rows) - before

    def by_run(self) -> dict[int, Evaluation]:
        """Return one row a run, in the runs' order: that of the first evaluation engine that has a value."""
        chosen: dict[int, Evaluation] = {}
        for (run_id, _), row in sorted(self.rows.items()):
            known = chosen.get(run_id)
            if known is None or (known.value != known.value and row.value == row.value):
                chosen[run_id] = row
        return chosen


def list_evaluations(
    archive: Archive,
    query: Query,
    setups: dict[int, Setup],
    *,
    page_size: int = 1000,
    most: int | None = None,
    on_page: Callable[[int], None] = lambda rows: None,
) -> Listing:
    """Return all evaluations that `query` names, or the first `most` runs that come.

    Parameters
    ----------
    setups : dict
        Setups that are known already, by number; new ones are added.
    on_page : callable
        Told after each page how many rows there are.

    Raises
    ------
    NotCachedError, RefusedError, UnavailableError
        As `Archive.get`.
    """
    listing = Listing(setups)
    while not listing.complete and listing.rounds < ROUNDS:
        _read_round(archive, query, listing, page_size, most, on_page)
        listing.rounds += 1
        if most is not None and len(listing.rows) >= most:
            listing.rows = dict(list(listing.rows.items())[:most])
            listing.complete = True
        else:
            listing.complete = _is_complete(archive, query, listing)
    _keep_cursor(archive, query, listing)
    return listing


def _is_complete(archive: Archive, query: Query, listing: Listing) -> bool:
    """Return whether the server has nothing beyond the rows seen; what it has is taken in.

    A row that is known already may mean that another one was missed, or that the server sent a wrong page.
    """
    for probe in range(PROBES):
        rest = _page(archive, query, listing, 1, len(listing.rows), PROBES * listing.rounds + probe)
        if rest is None:
            return True
        if listing.add(rest):
            return False
    return False


def _read_round(
    archive: Archive,
    query: Query,
    listing: Listing,
    page_size: int,
    most: int | None,
    on_page: Callable[[int], None],
) -> None:
    variant, offset, fruitless = listing.rounds, 0, 0
    # Each round cuts the list elsewhere, so that what two pages missed between them is inside of one.
    size = max(page_size * (ROUNDS - variant) // ROUNDS, 1)
    while fruitless < FRUITLESS and (most is None or len(listing.rows) < most):
        rows = _page(archive, query, listing, size, offset, variant)
        if rows is None:
            return
        offset += size
        new = listing.add(rows)
        fruitless = 0 if new else fruitless + 1
        _keep_cursor(archive, query, listing, offset)
        on_page(len(listing.rows))
        if new == len(rows) < size:
            return  # the last page; whether it is, is asked at the offset that is the number of rows
        size = page_size


def _keep_cursor(archive: Archive, query: Query, listing: Listing, offset: int = 0) -> None:
    """Note how far a list has come; the pages before are in the cache."""
    if archive.client is not None:
        cursor = {"round": listing.rounds, "offset": offset, "rows": len(listing.rows), "complete": listing.complete}
        archive.keep(cursor_path(query), json.dumps(cursor).encode())


def cursor_path(query: Query) -> str:
    """Return where the cache has the cursor of a list."""
    return f"cursor/{query.base}"


def _page(
    archive: Archive, query: Query, listing: Listing, limit: int, offset: int, variant: int
) -> list[Evaluation] | None:
    return archive.get(
        query.path(limit, offset),
        lambda body: list(read_evaluations(body, listing.setups)),
        variant,
        may_be_empty=offset > 0,  # a list that is empty altogether is looked at again
    )
