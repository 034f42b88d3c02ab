"""Feature by feature against pymfe: equal, or listed with the reason in docs/metafeatures.md."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets as sklearn_datasets

from automl_meta.datasets import Dataset, dataset_from_arrays, make_dataset
from automl_meta.metafeatures import REGISTRY

pytest.importorskip("pymfe")
from pymfe_agreement import Pair, pairs_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "metafeatures.md"
DIFFERENT = set(re.findall(r"^\| `(\w+)` \|[^|]+\|[^|]+\|[^|]+\|$", DOCUMENT.read_text(), flags=re.MULTILINE))
SMOOTHED = {"joint_ent", "mut_inf", "eq_num_attr", "ns_ratio"}
ITERATED = {"can_cor", "p_trace", "w_lambda", "lh_trace", "roy_root"}

FOLDER = os.environ.get("AUTOML_META_DATASETS")
REAL = (
    # numeric
    "glass",
    "wine",
    "ecoli",
    "parkinsons",
    "seeds",
    # categorical
    "vote",
    "breast_cancer",
    "tic_tac_toe",
    "primary_tumor",
    # mixed
    "heart_c",
    "hepatitis",
    "lymph",
    "autos",
    "zoo",
    "tae",
    "credit_a",
)


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with gaps filled, since pymfe takes none."""
    filled = {
        name: column.fillna(column.median() if pd.api.types.is_numeric_dtype(column) else column.mode()[0])
        for name, column in frame.items()
        if column.notna().any()
    }
    return pd.DataFrame(filled)


def sklearn_dataset(name: str) -> Dataset:
    bunch = getattr(sklearn_datasets, f"load_{name}")()
    rows = np.random.default_rng(0).permutation(len(bunch.target))[:150]
    columns = bunch.data.std(axis=0) > 0
    return dataset_from_arrays(bunch.data[rows][:, columns][:, :20], bunch.target[rows])


def real_dataset(name: str) -> Dataset:
    assert FOLDER is not None
    row = pd.read_csv(Path(FOLDER) / "index.csv").set_index("name").loc[name]
    frame = complete(pd.read_csv(Path(FOLDER) / str(row["path"])).head(700))
    return make_dataset(frame, str(row["target"]), task=row["task"])


def unexplained(pairs: list[Pair]) -> list[Pair]:
    """Return the pairs that differ and are not in the document's table; enough must have been compared."""
    assert len({pair.feature for pair in pairs}) > 90
    return [pair for pair in pairs if not pair.is_equal and pair.feature not in DIFFERENT]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_agrees_on_scikit_learns_datasets(name: str) -> None:
    assert unexplained(pairs_of(sklearn_dataset(name))) == []


@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None, reason="AUTOML_META_DATASETS does not name the folder of real tables")
@pytest.mark.parametrize("name", REAL)
def test_agrees_on_real_datasets(name: str) -> None:
    assert unexplained(pairs_of(real_dataset(name))) == []


def test_what_is_listed_as_different_is_there() -> None:
    assert len(DIFFERENT) > 20
    assert set(REGISTRY) >= DIFFERENT


@pytest.mark.parametrize(("names", "tolerance"), [(SMOOTHED, 1e-4), (ITERATED, 1e-3)], ids=["smoothed", "iterated"])
def test_differences_of_arithmetic_are_small(names: set[str], tolerance: float) -> None:
    assert names <= DIFFERENT
    pairs = [
        pair
        for pair in pairs_of(sklearn_dataset("wine"), groups=("statistical", "info-theory"))
        if pair.feature in names and not pair.name.endswith(("skewness", "kurtosis"))
    ]
    assert {pair.feature for pair in pairs} == names
    for pair in pairs:
        assert pair.ours == pytest.approx(pair.theirs, rel=tolerance, nan_ok=True), pair.name
