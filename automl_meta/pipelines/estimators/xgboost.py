"""XGBoost behind the common face of boosters."""

from typing import Any

import numpy as np

from automl_meta.optional import require
from automl_meta.pipelines.estimators.booster import Booster, Floats, Rows, Trained, column_share
from automl_meta.pipelines.estimators.hurry import Hurry
from automl_meta.pipelines.estimators.xgboost_model import check_model


class XGBoostBooster(Booster):
    """XGBoost's ``train`` with histograms; the model is kept as its bytes.

    Where levels are divided between the branches of a split, those that the training rows lack take the side of no
    gradient, if their code is below others; a code above all goes left, whatever is there. So a level that is new
    when rows are predicted is read as the one that had the least gradient in the first round.
    """

    def _train(
        self, data: Rows, held: Rows | None, rounds: int, seconds: float | None, enough: float | None = None
    ) -> Trained:
        xgb = require("xgboost", "full")
        stop = [] if held is None else [xgb.callback.EarlyStopping(rounds=self._patience)]
        self.neutral_ = _neutral_levels(data, self.table_.categorical_, self.n_classes_)
        hurry = self._hurry(seconds, enough)
        clock = [] if hurry is None else [_clock(xgb, hurry)]
        booster = xgb.train(
            self._settings(data.X.shape[1]),
            self._matrix(xgb, data),
            num_boost_round=rounds,
            evals=None if held is None else [(self._matrix(xgb, held), "held")],
            callbacks=[*stop, *clock],
            verbose_eval=False,
        )
        used = booster.num_boosted_rounds()
        if held is not None:
            used = int(booster.best_iteration) + 1
            booster = booster[:used]
        return Trained(bytes(booster.save_raw("ubj")), used, hurry is not None and hurry.mattered)

    def _matrix(self, xgb: Any, data: Rows) -> Any:
        return self._dmatrix(xgb, data.X, label=data.y, weight=data.weight)

    def _dmatrix(self, xgb: Any, matrix: Floats, **labels: Any) -> Any:
        return xgb.DMatrix(matrix, feature_types=self._kinds, enable_categorical=True, nthread=self.threads, **labels)

    @property
    def _kinds(self) -> list[str]:
        return ["c" if column in self.table_.levels_ else "q" for column in range(self.table_.n_columns_)]

    def _settings(self, n_columns: int) -> dict[str, Any]:
        settings: dict[str, Any] = {"objective": "reg:squarederror"}
        if self.n_classes_ == 2:
            settings = {"objective": "binary:logistic"}
        elif self.n_classes_ > 2:
            settings = {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": self.n_classes_}
        fixed = {"tree_method": "hist", "seed": self.seed, "nthread": self.threads, "verbosity": 0}
        fitting = {"learning_rate": self._rate, "colsample_bytree": column_share(1.0, n_columns)}
        return {**settings, **fixed, **self.parameters, **fitting}

    def _check_model(self, model: Any) -> None:
        levels = self.table_.levels_
        n_levels = np.array([len(levels.get(column, ())) for column in range(self.table_.n_columns_)])
        check_model(model, kinds=self._kinds, n_levels=n_levels, n_classes=self.n_classes_)

    def _load(self) -> Any:
        booster = require("xgboost", "full").Booster({"nthread": self.threads})
        assert isinstance(self.model_, bytes)
        booster.load_model(bytearray(self.model_))
        return booster

    def _scores(self, matrix: Floats) -> Floats:
        xgb = require("xgboost", "full")
        for column, levels in self.table_.levels_.items():
            new = matrix[:, column] == len(levels)
            # Models that were saved before there was such a level take new ones for missing.
            matrix[new, column] = vars(self).get("neutral_", {}).get(column, np.nan)
        return np.asarray(self._booster.predict(self._dmatrix(xgb, matrix)), dtype=np.float64)


def _neutral_levels(data: Rows, columns: list[int], n_classes: int) -> dict[int, float]:
    """Return for each column of codes the one whose rows' targets are, summed up and shrunk, nearest to the mean."""
    targets = np.eye(n_classes)[data.y] if n_classes else np.asarray(data.y, dtype=np.float64)[:, np.newaxis]
    weight = np.ones(len(targets)) if data.weight is None else data.weight
    gradients = weight[:, np.newaxis] * (targets - np.average(targets, axis=0, weights=weight))
    found = {}
    for column in columns:
        present = ~np.isnan(data.X[:, column])
        levels, codes = np.unique(data.X[present, column], return_inverse=True)
        if len(levels):
            sums = np.column_stack([np.bincount(codes, one) for one in gradients[present].T])
            sizes = np.linalg.norm(sums, axis=1) / (np.bincount(codes, weight[present]) + 1.0)
            found[column] = float(levels[sizes.argmin()])
    return found


def _clock(xgb: Any, hurry: Hurry) -> Any:
    class Clock(xgb.callback.TrainingCallback):  # type: ignore[misc]
        """Ends the training when the time is over, with the rounds done so far, and sets the pace until then."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            before = hurry.rate
            if hurry.after_round() != before:
                model.set_param("learning_rate", hurry.rate)
            return hurry.is_over

    return Clock()
