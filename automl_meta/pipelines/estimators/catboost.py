"""CatBoost behind the common face of boosters."""

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_meta.optional import require
from automl_meta.pipelines.estimators.booster import Booster, Floats, Rows, Trained, column_share
from automl_meta.pipelines.estimators.catboost_model import check_model
from automl_meta.pipelines.estimators.hurry import Hurry

_TOO_FEW_TO_SAMPLE = 30
# With more columns of categories, or more than two classes, combinations of them are not tried: their number grows
# with the square, and each class has its own statistics.
_MANY_CATEGORIES = 15
# Rounds after which it is decided whether to begin again with larger steps.
_TRIAL = 8


class CatBoostBooster(Booster):
    """CatBoost's ``fit`` without its files; the model is kept as its bytes."""

    few_rows = (0, 1000)  # its rounds are dear
    dear_categories = 10  # their statistics are computed anew for each tree

    def _train(
        self, data: Rows, held: Rows | None, rounds: int, seconds: float | None, enough: float | None = None
    ) -> Trained:
        catboost = require("catboost", "full")
        hurry = self._hurry(seconds, enough)
        clock = None if hurry is None else _Clock(hurry)
        pools = self._pool(catboost, data), None if held is None else self._pool(catboost, held)
        model = self._boosted(catboost, data, pools, rounds, self._rate, clock)
        hurried = False
        if clock is not None and clock.is_too_slow:
            hurried, rate = True, clock.begin_again()
            rounds = rounds if enough is None else min(math.ceil(enough / rate), rounds)
            model = self._boosted(catboost, data, pools, rounds, rate, clock)
        return Trained(_to_bytes(model), max(int(model.tree_count_), 1), hurried)

    def _boosted(
        self, catboost: Any, data: Rows, pools: tuple[Any, Any], rounds: int, rate: float, clock: "_Clock | None"
    ) -> Any:
        train, held = pools
        model = catboost.CatBoost({**self._settings(*data.X.shape), "learning_rate": rate, "iterations": rounds})
        model.fit(
            train,
            eval_set=held,
            early_stopping_rounds=None if held is None else self._patience,
            use_best_model=held is not None,
            callbacks=None if clock is None else [clock],
            verbose=False,
        )
        return model

    def _pool(self, catboost: Any, data: Rows) -> Any:
        return self._features(catboost, data.X, label=data.y, weight=data.weight)

    def _features(self, catboost: Any, matrix: Floats, **labels: Any) -> Any:
        """Return a Pool; the codes of categories are whole numbers, missing is a category of its own."""
        positions = self.table_.categorical_
        if not positions:
            return catboost.Pool(matrix, thread_count=self.threads, **labels)
        codes = {p: np.nan_to_num(matrix[:, p], nan=-1.0).astype(np.int32) for p in positions}
        frame = pd.DataFrame({p: codes.get(p, matrix[:, p]) for p in range(matrix.shape[1])})
        return catboost.Pool(frame, cat_features=positions, thread_count=self.threads, **labels)

    def _settings(self, n_rows: int, n_columns: int) -> dict[str, Any]:
        loss = "MultiClass" if self.n_classes_ > 2 else "Logloss" if self.n_classes_ == 2 else "RMSE"
        parameters = dict(self.parameters)
        if n_rows < _TOO_FEW_TO_SAMPLE:
            parameters["bootstrap_type"] = "No"
            parameters.pop("subsample", None)
        if len(self.table_.categorical_) > _MANY_CATEGORIES or self.n_classes_ > 2:
            parameters["max_ctr_complexity"] = 1
        return {
            "loss_function": loss,
            "random_seed": self.seed,
            "thread_count": self.threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
            **parameters,
            "rsm": column_share(self.parameters["rsm"], n_columns),
            "border_count": 128 if n_columns <= 100 else 32,
        }

    def _check_model(self, model: Any) -> None:
        table = self.table_
        check_model(model, n_columns=table.n_columns_, categorical=table.categorical_, n_classes=self.n_classes_)

    def _load(self) -> Any:
        model = require("catboost", "full").CatBoost()
        model.load_model(blob=self.model_)
        return model

    def _scores(self, matrix: Floats) -> Floats:
        pool = self._features(require("catboost", "full"), matrix)
        if not self.classify:
            return np.asarray(self._booster.predict(pool, thread_count=self.threads), dtype=np.float64)
        given = self._booster.predict(pool, prediction_type="Probability", thread_count=self.threads)
        return np.asarray(given, dtype=np.float64)


class _Clock:
    """Ends CatBoost's training when the time is over, with the rounds done so far.

    CatBoost cannot change its pace on the way: a training that turns out to be too slow ends after a few rounds, and
    is to begin again.
    """

    def __init__(self, hurry: Hurry) -> None:
        self.hurry = hurry
        self.is_too_slow = False

    def begin_again(self) -> float:
        """Return the learning rate of a second training, which goes on until the time is over."""
        self.is_too_slow = False
        return self.hurry.afresh()

    def after_iteration(self, info: Any) -> bool:
        """Return whether to go on."""
        if self.hurry.rounds < _TRIAL:
            self.hurry.after_round()
            self.is_too_slow = self.hurry.rounds == _TRIAL and self.hurry.mattered
        return not (self.is_too_slow or self.hurry.is_over)


def _to_bytes(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cbm"
        model.save_model(str(path))
        return path.read_bytes()
