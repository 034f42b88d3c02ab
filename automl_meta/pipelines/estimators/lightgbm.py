"""LightGBM behind the common face of boosters."""

from typing import Any

import numpy as np

from automl_meta.optional import require
from automl_meta.pipelines.estimators.booster import Booster, Floats, Rows, Trained, column_share
from automl_meta.pipelines.estimators.hurry import Hurry
from automl_meta.pipelines.estimators.lightgbm_text import check_text, model_part


class LightGBMBooster(Booster):
    """LightGBM's ``train``, reproducible; the model is kept as its text."""

    def _train(
        self, data: Rows, held: Rows | None, rounds: int, seconds: float | None, enough: float | None = None
    ) -> Trained:
        lgb = require("lightgbm", "lightgbm")
        train = self._dataset(lgb, data)
        hurry = self._hurry(seconds, enough)
        callbacks: list[Any] = [] if hurry is None else [_Clock(lgb, hurry)]
        if held is not None:
            callbacks.append(lgb.early_stopping(self._patience, verbose=False))
        booster = lgb.train(
            self._settings(data),
            train,
            num_boost_round=rounds,
            valid_sets=None if held is None else [self._dataset(lgb, held, reference=train)],
            callbacks=callbacks,
        )
        used = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
        hurried = hurry is not None and hurry.mattered
        return Trained(booster.model_to_string(num_iteration=used), max(int(used), 1), hurried)

    def _dataset(self, lgb: Any, data: Rows, reference: Any = None) -> Any:
        return lgb.Dataset(
            data.X,
            data.y,
            weight=data.weight,
            reference=reference,
            categorical_feature=self.table_.categorical_ or "auto",
            params={
                "verbosity": -1,
                "max_bin": self.parameters.get("max_bin", 255),
                "min_data_in_bin": 1 if len(data.y) < 1000 else 3,
                "feature_pre_filter": False,
            },
        )

    def _settings(self, data: Rows) -> dict[str, Any]:
        settings: dict[str, Any] = {"objective": "regression", "metric": "l2"}
        if self.n_classes_ == 2:
            settings = {"objective": "binary", "metric": "binary_logloss"}
        elif self.n_classes_ > 2:
            settings = {"objective": "multiclass", "metric": "multi_logloss", "num_class": self.n_classes_}
        wide = data.X.shape[1] > data.X.shape[0] // 4
        return {
            **settings,
            "seed": self.seed,
            "deterministic": True,
            "num_threads": self.threads,
            "force_col_wise" if wide else "force_row_wise": True,  # else it times both, and may choose either
            "verbosity": -1,
            "feature_pre_filter": False,
            **self.parameters,
            "learning_rate": self._rate,
            "feature_fraction": column_share(self.parameters.get("feature_fraction", 1.0), data.X.shape[1]),
        }

    def _check_model(self, model: Any) -> None:
        check_text(model, n_features=self.table_.n_columns_, n_classes=self.n_classes_)

    def _load(self) -> Any:
        return require("lightgbm", "lightgbm").Booster(model_str=model_part(str(self.model_)))

    def _scores(self, matrix: Floats) -> Floats:
        return np.asarray(self._booster.predict(matrix, num_threads=self.threads), dtype=np.float64)


class _Clock:
    """Ends LightGBM's training when the time is over, with the rounds done so far, and sets the pace until then."""

    order = 40  # after the early stopping's own callback, which must see every round

    def __init__(self, lgb: Any, hurry: Hurry) -> None:
        self.lgb = lgb
        self.hurry = hurry

    def __call__(self, environment: Any) -> None:
        if self.hurry.is_over:
            results = environment.evaluation_result_list or []
            raise self.lgb.callback.EarlyStopException(environment.iteration, results)
        before = self.hurry.rate
        if self.hurry.after_round() != before:
            environment.model.reset_parameter({"learning_rate": self.hurry.rate})
