"""A script that is written from a model file has what the file says as quoted values only, never as code."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_ensembles import shop_table, three_candidates

from automl_meta.automl.run import run
from automl_meta.datasets import Schema, Task, make_dataset
from automl_meta.errors import InputError
from automl_meta.persistence import FittedModel
from automl_meta.persistence.exporting import python_script
from automl_meta.persistence.exporting.code import Code, ExportError, literal, only_code, plain

MARK = "ran.txt"
CODE = f"open({MARK!r}, 'w')"
EVIL = [
    CODE,
    f'"""\n{CODE}\n"""',
    f"'''\n{CODE}\n'''",
    f"'); {CODE}; ('",
    f'"); {CODE}; ("',
    f"{{{CODE}}}",
    f"{{{{ {CODE} }}}}",
    f"\\\n{CODE}",
    f"x\r\n{CODE}\u2028{CODE}",
]


@pytest.fixture(scope="module")
def model() -> FittedModel:
    dataset = make_dataset(shop_table(Task.BINARY), "target", task=Task.BINARY, name="shop")
    return run(dataset, three_candidates(Task.BINARY, "hist_gradient_boosting")).model


def shape(text: str) -> Any:
    """Return what a script does, without what its literals say: any list or table of them is one."""

    class Blank(ast.NodeTransformer):
        def generic_visit(self, node: ast.AST) -> ast.AST:
            if isinstance(node, ast.expr):
                try:
                    ast.literal_eval(node)
                except ValueError:
                    pass
                else:
                    return ast.Constant(0)
            return super().generic_visit(node)

        visit_Constant = generic_visit  # noqa: N815 - the name that ast looks for

    return ast.dump(Blank().visit(ast.parse(text)))


def changed(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of JSON with one place changed."""
    copy = json.loads(json.dumps(content))
    *way, last = path
    place = copy
    for step in way:
        place = place[step]
    place[last] = value
    return copy


def leaves(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the ways to all values within JSON, tables and lists as well."""
    entries = (
        content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    )
    below = [way for key, value in entries for way in leaves(value, (*path, key))]
    return [path, *below] if path else below


@pytest.mark.parametrize("evil", EVIL[:3])
def test_whatever_the_manifest_says_nothing_of_it_is_called(evil: str, model: FittedModel) -> None:
    used = {"ensemble", "data", "seed", "folds", "leaderboard"}
    places = [way for way in leaves(model.manifest) if way[0] in used and "fold_scores" not in way]
    assert len(places) > 30
    written = 0
    for way in places:
        other = replace(model, manifest=changed(model.manifest, way, evil))
        try:
            script = python_script(other)
        except InputError:
            continue
        written += 1
        assert "open" not in {node.id for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Name)}, way
    assert written > 5


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_names_and_formats_columns_have_only_literals_differ(evil: str, model: FittedModel) -> None:
    content = model.schema.to_dict()
    expected = shape(python_script(model))
    for number, column in enumerate(content["columns"]):
        for key in ("name", "date_format", "levels", "number"):
            value = {"levels": [evil], "number": {"prefix": evil, "suffix": evil, "thousands": evil}}.get(key, evil)
            if column[key] is None and key != "number":
                continue
            schema = Schema.from_dict(changed(content, ("columns", number, key), value))
            assert shape(python_script(replace(model, schema=schema))) == expected
    for key, value in (("target", evil), ("classes", [evil, "b"])):
        schema = Schema.from_dict(changed(content, (key,), value))
        assert shape(python_script(replace(model, schema=schema), file_name=evil)) == expected


HYPERPARAMETERS = [
    {f"x=1); {CODE}; dict(y": 1},
    {"learning_rate": 0.1, f"early={CODE}, z": 2},
    {"max_leaf_nodes": CODE},
    {"l2_regularization": [CODE]},
    {"max_features": float("nan")},
]


@pytest.mark.parametrize("values", HYPERPARAMETERS)
def test_names_and_values_of_hyperparameters_are_never_code(values: dict[str, Any], model: FittedModel) -> None:
    rows = [{**row, "hyperparameters": {**row["hyperparameters"], **values}} for row in model.manifest["leaderboard"]]
    other = replace(model, manifest={**model.manifest, "leaderboard": rows})
    try:
        script = python_script(other)
    except ExportError:
        return
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)}
    assert "open" not in calls


@pytest.mark.parametrize(
    "decision", [f"__import__('pathlib').Path({MARK!r}).touch() or [1, 1]", [CODE, 1], [[1, 2]], {"a": 1}, [1e400, 1]]
)
def test_a_decision_that_is_not_numbers_of_the_classes_is_refused(decision: Any, model: FittedModel) -> None:
    ensemble = {**model.manifest["ensemble"], "decision": decision}
    with pytest.raises(ExportError):
        python_script(replace(model, manifest={**model.manifest, "ensemble": ensemble}))


def test_a_script_of_a_hostile_model_runs_nothing_of_it(model: FittedModel, tmp_path: Path) -> None:
    evil = EVIL[1]
    content = model.schema.to_dict()
    columns = [{**column, "name": f"{column['name']} {evil}"} for column in content["columns"]]
    target = f"target {evil}"
    schema = Schema.from_dict({**content, "columns": columns, "target": target})
    manifest = {**model.manifest, "data": {**model.manifest["data"], "name": evil}}
    (tmp_path / "retrain.py").write_text(python_script(replace(model, schema=schema, manifest=manifest)))
    table = shop_table(Task.BINARY)
    table.columns = [f"{name} {evil}" for name in table.columns]
    table.to_parquet(tmp_path / "shop.parquet")
    command = [sys.executable, "-I", "retrain.py", "shop.parquet"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert "out of fold" in ended.stdout, ended.stderr
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize("value", [object(), {1, 2}, float("inf"), [float("nan")], {"a": object()}, b"x", 1j])
def test_only_values_that_python_can_say_are_literals(value: Any) -> None:
    with pytest.raises(ExportError):
        literal(value)


@pytest.mark.parametrize("text", EVIL)
def test_a_text_in_a_docstring_cannot_end_it(text: str) -> None:
    assert ast.literal_eval(f'"""{plain(text)}"""') == plain(text)


def test_a_template_writes_no_text_of_unknown_origin() -> None:
    assert only_code(Code("x")) == "x"
    with pytest.raises(TypeError):
        only_code("x")
