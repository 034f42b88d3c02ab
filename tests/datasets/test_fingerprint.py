from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_meta.datasets import make_dataset
from automl_meta.datasets.fingerprint import fingerprint

FRAME = pd.DataFrame({"a": np.arange(12.0) ** 2, "y": np.linspace(0, 1, 12) ** 3})


@pytest.mark.parametrize(
    "changed",
    [
        {"y": np.arange(12.0)},
        {"groups": np.arange(12) // 2},
        {"times": np.arange(12)},
        {"weights": np.ones(12)},
        {"weights": np.arange(1.0, 13.0)},
    ],
)
def test_what_decides_folds_or_scores_changes_the_fingerprint(changed: dict[str, np.ndarray]) -> None:
    dataset = make_dataset(FRAME, "y")
    assert fingerprint(replace(dataset, **changed)) != fingerprint(dataset)


def test_other_weights_change_the_fingerprint() -> None:
    dataset = make_dataset(FRAME, "y")
    first, second = (replace(dataset, weights=np.arange(start, start + 12.0)) for start in (1, 2))
    assert fingerprint(first) != fingerprint(second)


def test_fingerprints_of_models_that_were_saved_are_still_known() -> None:
    assert fingerprint(make_dataset(FRAME, "y")) == "da72f6d494123d6e"
