"""A dataset that is in the store already, and is told of again: what was not known of it is filled in."""

from typing import Literal

COLUMNS = "name, task, family, simulated, n_rows, n_columns, n_classes, target, origin, licence, openml_id, checksum"

# SQLite's names for the row that is there and for the one that comes.
Side = Literal["dataset", "excluded"]


def filled_in(first: Side, second: Side) -> str:
    """Return the clause that keeps what `first` says, and what `second` does where the first says nothing.

    A family of its own says nothing, nor do a count of zero and an empty text.
    """
    numbers = ", ".join(
        f"{name} = coalesce(nullif({first}.{name}, 0), {second}.{name})"
        for name in ("n_rows", "n_columns", "n_classes")
    )
    texts = ", ".join(
        f"{name} = coalesce(nullif({first}.{name}, ''), {second}.{name})"
        for name in ("target", "origin", "licence", "checksum")
    )
    return f"""ON CONFLICT (name) DO UPDATE SET
        family = CASE WHEN {first}.family = dataset.name THEN {second}.family ELSE {first}.family END,
        simulated = max(dataset.simulated, excluded.simulated), {numbers}, {texts},
        openml_id = coalesce({first}.openml_id, {second}.openml_id)"""
