"""What a saved model is made of."""

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from automl_meta.cli.inputs import MODEL
from automl_meta.cli.output import console_for, plain_table, print_json


@click.command()
@click.argument("model", type=MODEL)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as one JSON document.")
def show(model: Path, as_json: bool) -> None:
    """Print task, target, schema, metric, scores and members of MODEL, e.g. `automl-meta show churn.automl`."""
    from automl_meta.cli.ensemble_text import print_ensemble
    from automl_meta.persistence import read_manifest

    manifest = read_manifest(model)
    if as_json:
        print_json(manifest)
        return
    console = console_for()
    schema, ensemble = manifest["schema"], manifest["ensemble"]
    console.print(Text.assemble((str(model), "bold"), f": {schema['task']}, target {schema['target']!r}"))
    if schema["classes"]:
        console.print(f"classes: {', '.join(map(str, schema['classes']))}")
    algorithms = {row["id"]: row["algorithm"] for row in manifest["leaderboard"]}
    print_ensemble(console, ensemble, algorithms, schema["classes"])
    console.print()
    console.print(_columns(schema))


def _columns(schema: dict[str, Any]) -> Any:
    table = plain_table("column", "role", "missing", "what it holds", right=("missing",), title="columns")
    for column in schema["columns"]:
        table.add_row(column["name"], column["role"], f"{column['missing']:.1%}", _content(column))
    return table


def _content(column: dict[str, Any]) -> str:
    if column.get("levels"):
        levels = column["levels"]
        return ", ".join(levels[:6]) + (f" and {len(levels) - 6} more" if len(levels) > 6 else "")
    if column.get("minimum") is not None:
        return f"{column['minimum']:g} to {column['maximum']:g}"
    return str(column.get("note", ""))
