"""Where runs that an importer brought come from, and how well their configurations say what was run there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from automl_meta.metabase.records import Protocol, Run
from automl_meta.metabase.store import MetaBase


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """A run as its source numbers it.

    Attributes
    ----------
    grade : str
        "exact", or "approximate" where the configuration does not say all of what was run.
    """

    run_id: int
    setup_id: int
    flow_id: int
    grade: str


def set_provenance(store: MetaBase, run: Run, sources: Iterable[Provenance]) -> None:
    """Remember where a run, which must be in the store, comes from.

    Raises
    ------
    InputError
        If its dataset is not in the store.
    """
    with store.transaction():
        store.unseal()
        key = (store.keys.dataset(run.dataset), store.keys.configuration(run.configuration))
        protocol = store.keys.protocol(run.protocol)
        store.connection.executemany(
            "INSERT OR REPLACE INTO provenance VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*key, protocol, s.run_id, s.setup_id, s.flow_id, s.grade) for s in sources],
        )


def provenance(store: MetaBase, dataset: str | None = None) -> Iterator[tuple[str, str, Protocol, Provenance]]:
    """Yield dataset, configuration's id and protocol with each source of a run, in the order of the sources' runs."""
    protocols = store.keys.protocols()
    where = "WHERE dataset.name = ?" if dataset is not None else ""
    rows = store.connection.execute(
        f"""SELECT dataset.name, configuration.hash, protocol_id, source_run, source_setup, source_flow, grade
        FROM provenance JOIN dataset ON dataset.id = dataset_id
        JOIN configuration ON configuration.id = configuration_id {where} ORDER BY dataset.name, source_run""",
        [dataset] if dataset is not None else [],
    )
    for name, configuration, protocol, run_id, setup_id, flow_id, grade in rows:
        source = Provenance(run_id=run_id, setup_id=setup_id, flow_id=flow_id, grade=grade)
        yield name, configuration, protocols[protocol], source


def grades(store: MetaBase) -> dict[str, int]:
    """Return how many runs have each grade: the best of their sources'."""
    return dict(
        store.connection.execute(
            """SELECT CASE best WHEN 1 THEN 'exact' ELSE 'approximate' END, count(*) FROM (
                SELECT max(grade = 'exact') AS best FROM provenance
                GROUP BY dataset_id, configuration_id, protocol_id
            ) GROUP BY best ORDER BY best DESC"""
        )
    )
