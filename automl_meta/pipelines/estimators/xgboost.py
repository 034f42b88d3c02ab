"""XGBoost behind the common face of boosters."""

from typing import Any

import numpy as np

from automl_meta.optional import require
from automl_meta.pipelines.estimators.booster import Booster, Floats, Rows, Trained, column_share
from automl_meta.pipelines.estimators.hurry import Hurry
from automl_meta.pipelines.estimators.xgboost_model import check_model


class XGBoostBooster(Booster):
    """XGBoost's ``train`` with histograms; the model is kept as its bytes."""

    def _train(
        self, data: Rows, held: Rows | None, rounds: int, seconds: float | None, enough: float | None = None
    ) -> Trained:
        xgb = require("xgboost", "full")
        stop = [] if held is None else [xgb.callback.EarlyStopping(rounds=self._patience)]
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
        return np.asarray(self._booster.predict(self._dmatrix(xgb, matrix)), dtype=np.float64)


def _clock(xgb: Any, hurry: Hurry) -> Any:
    class Clock(xgb.callback.TrainingCallback):  # type: ignore[misc]
        """Ends the training when the time is over, with the rounds done so far, and sets the pace until then."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            before = hurry.rate
            if hurry.after_round() != before:
                model.set_param("learning_rate", hurry.rate)
            return hurry.is_over

    return Clock()
