"""How long parsing and storing OpenML's evaluations takes, and how much memory.

Pages are made first, in the spelling of the server, and put into a cache; then they are rebuilt from it offline, as
after a fetch. Prints seconds and the peak of memory.

    python benchmarks/openml_rebuild.py
    python benchmarks/openml_rebuild.py --evaluations 20000 --setups 2000
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from automl_meta.metabase import MetaBase
from automl_meta.metabase.openml.archive import Archive
from automl_meta.metabase.openml.cache import Page, PageCache
from automl_meta.metabase.openml.listing import Query
from automl_meta.metabase.openml.rebuild import RebuildOptions, rebuild
from automl_meta.metabase.openml.selection import Selection

NS = 'xmlns:oml="http://openml.org/openml"'
SERVER = "http://localhost/api/v1/xml"
PAGE = 1000
MEASURE = "predictive_accuracy"
FOREST = "sklearn.ensemble._forest.RandomForestClassifier"
IMPUTER = "sklearn.impute._base.SimpleImputer"
FLOW = f"sklearn.pipeline.Pipeline(imputer={IMPUTER},estimator={FOREST})(5)"


def main() -> None:
    """Make a cache, rebuild from it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluations", type=int, default=100_000)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--setups", type=int, default=100_000, help="distinct ones; fewer are quicker")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = PageCache(folder / "cache", SERVER)
        size = fill(cache, given.evaluations // given.tasks, given.tasks, given.setups)
        before = peak_mb()
        started, worked = time.perf_counter(), time.process_time()
        options = RebuildOptions(
            selection=Selection(tasks=tuple(range(1, given.tasks + 1))), measures=(MEASURE,), qualities=True
        )
        report = rebuild(folder / "r.sqlite", options, Archive(cache, None))
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
        with MetaBase.open(folder / "r.sqlite", "ro") as store:
            stored = store.n_runs()
    sys.stdout.write(
        f"{report.counts.listed} evaluations, {size / 2**20:.0f} MiB of XML, {stored} runs stored: "
        f"{seconds:.1f} s ({cpu:.1f} s of processor time); peak {peak_mb():.0f} MB (before: {before:.0f} MB)\n"
    )


def fill(cache: PageCache, per_task: int, n_tasks: int, n_setups: int) -> int:
    """Put the pages of all tasks into the cache; return their size in bytes."""
    random = np.random.default_rng(0)
    size = 0
    for task in range(1, n_tasks + 1):
        for path, body in described(task):
            cache.put(path, Page(body))
        query = Query(task_id=task, measure=MEASURE)
        for offset in range(0, per_task, PAGE):
            count = min(PAGE, per_task - offset)
            first = (task - 1) * per_task + offset
            body = page(task, first, count, random, n_setups)
            size += len(body)
            cache.put(query.path(PAGE, offset), Page(body))
        nothing = Page(b"", 542)
        cache.put(query.path(PAGE, -(-per_task // PAGE) * PAGE), nothing)
        cache.put(query.path(1, per_task), nothing, variant=5)  # the first probe after the first round
    return size


def described(task: int) -> list[tuple[str, bytes]]:
    """Return the paths and bodies of what describes a task."""
    procedure = (
        "<oml:type>crossvalidation</oml:type>"
        '<oml:parameter name="number_repeats">1</oml:parameter><oml:parameter name="number_folds">10</oml:parameter>'
    )
    qualities = {"NumberOfInstances": 1000 + task, "NumberOfFeatures": 21, "NumberOfClasses": 2}
    listed = "".join(
        f"<oml:quality><oml:name>{name}</oml:name><oml:value>{value}</oml:value></oml:quality>"
        for name, value in qualities.items()
    )
    return [
        (
            f"task/{task}",
            f"<oml:task {NS}><oml:task_id>{task}</oml:task_id><oml:task_type_id>1</oml:task_type_id>"
            f'<oml:input name="source_data"><oml:data_set><oml:data_set_id>{task}</oml:data_set_id>'
            "<oml:target_feature>class</oml:target_feature></oml:data_set></oml:input>"
            f'<oml:input name="estimation_procedure"><oml:estimation_procedure>{procedure}'
            "</oml:estimation_procedure></oml:input></oml:task>".encode(),
        ),
        (
            f"data/{task}",
            f"<oml:data_set_description {NS}><oml:id>{task}</oml:id><oml:name>table{task}</oml:name>"
            "<oml:version>1</oml:version></oml:data_set_description>".encode(),
        ),
        (f"data/qualities/{task}", f"<oml:data_qualities {NS}>{listed}</oml:data_qualities>".encode()),
    ]


def page(task: int, first: int, count: int, random: np.random.Generator, n_setups: int) -> bytes:
    """Return a page of evaluations of random forests."""
    rows = []
    for run in range(first, first + count):
        setup = run % n_setups
        own = np.random.default_rng(setup)
        values = {
            "bootstrap": str(own.random() < 0.5).lower(),
            "criterion": '"gini"',
            "max_features": f"{own.uniform(0.05, 1.0):.12f}",
            "min_samples_leaf": str(int(own.integers(1, 20))),
            "n_estimators": "300",
            **dict.fromkeys(("max_depth", "max_leaf_nodes", "class_weight", "max_samples", "random_state"), "null"),
            **{"min_samples_split": "2", "ccp_alpha": "0.0", "n_jobs": "1", "oob_score": "false", "verbose": "0"},
        }
        spelled = [(IMPUTER, "strategy", '"median"'), (IMPUTER, "add_indicator", "false")]
        spelled += [(FOREST, name, value) for name, value in values.items()]
        parameters = "".join(parameter(*one) for one in spelled)
        rows.append(
            f"<oml:evaluation><oml:run_id>{run}</oml:run_id><oml:uploader>1</oml:uploader>"
            f"<oml:task_id>{task}</oml:task_id><oml:setup_id>{setup}</oml:setup_id><oml:flow_id>5</oml:flow_id>"
            f"<oml:flow_name>{FLOW}</oml:flow_name><oml:parameters>{parameters}</oml:parameters>"
            f"<oml:data_id>{task}</oml:data_id><oml:data_name>table{task}</oml:data_name>"
            "<oml:evaluation_engine_id>1</oml:evaluation_engine_id>"
            f"<oml:function>{MEASURE}</oml:function><oml:upload_time>2020-01-01 10:00:00</oml:upload_time>"
            f"<oml:value>{random.random():.6f}</oml:value></oml:evaluation>"
        )
    return f"<oml:evaluations {NS}>{''.join(rows)}</oml:evaluations>".encode()


def parameter(component: str, name: str, value: str) -> str:
    """Return one parameter with everything that the server says of it."""
    return (
        f"<oml:parameter><oml:id>1</oml:id><oml:flow_id>5</oml:flow_id><oml:flow_name>{component}</oml:flow_name>"
        f"<oml:full_name>{component}(5)_{name}</oml:full_name><oml:parameter_name>{name}</oml:parameter_name>"
        "<oml:data_type></oml:data_type><oml:default_value>null</oml:default_value>"
        f"<oml:value>{escape(value)}</oml:value></oml:parameter>"
    )


def peak_mb() -> float:
    """Return the most memory that this process has used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
