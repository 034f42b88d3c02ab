"""A plain script that retrains a model without this package."""

import math
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from automl_meta import __version__
from automl_meta.datasets import ColumnRole, Schema
from automl_meta.datasets.numbers import MAGNITUDES
from automl_meta.errors import InputError
from automl_meta.evaluation import resolve_metric
from automl_meta.persistence.exporting.steps import estimator_of, preprocessing_of
from automl_meta.persistence.model import FittedModel
from automl_meta.seeding import integer_seed

Members = Literal["ensemble", "best"]
LEAST_WEIGHT = 0.5  # of the members that can be written down, below which the best single one is written instead

# Where the names that a script may use come from.
_MODULES = {
    "lightgbm": ("LGBMClassifier", "LGBMRegressor"),
    "sklearn.base": ("BaseEstimator", "TransformerMixin"),
    "sklearn.calibration": ("CalibratedClassifierCV",),
    "sklearn.compose": ("ColumnTransformer", "TransformedTargetRegressor"),
    "sklearn.decomposition": ("PCA", "TruncatedSVD"),
    "sklearn.discriminant_analysis": ("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"),
    "sklearn.dummy": ("DummyClassifier", "DummyRegressor"),
    "sklearn.ensemble": (
        "ExtraTreesClassifier",
        "ExtraTreesRegressor",
        "HistGradientBoostingClassifier",
        "HistGradientBoostingRegressor",
        "RandomForestClassifier",
        "RandomForestRegressor",
    ),
    "sklearn.feature_extraction.text": ("TfidfVectorizer",),
    "sklearn.impute": ("SimpleImputer",),
    "sklearn.linear_model": ("BayesianRidge", "ElasticNet", "LogisticRegression", "Ridge"),
    "sklearn.metrics": ("get_scorer", "log_loss", "roc_auc_score"),
    "sklearn.model_selection": ("KFold", "StratifiedKFold"),
    "sklearn.naive_bayes": ("GaussianNB",),
    "sklearn.neighbors": ("KNeighborsClassifier", "KNeighborsRegressor"),
    "sklearn.pipeline": ("make_pipeline",),
    "sklearn.preprocessing": (
        "FunctionTransformer",
        "OneHotEncoder",
        "OrdinalEncoder",
        "PowerTransformer",
        "QuantileTransformer",
        "RobustScaler",
        "StandardScaler",
        "TargetEncoder",
    ),
    "sklearn.svm": ("LinearSVC", "LinearSVR", "SVC", "SVR"),
    "sklearn.tree": ("DecisionTreeClassifier", "DecisionTreeRegressor"),
}


class ExportError(InputError):
    """A model cannot be written in the shape asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    weight: float
    row: Mapping[str, Any]  # of the leaderboard
    estimator: str

    @property
    def columns(self) -> str:
        """The arguments of the script's ``columns``."""
        chosen = preprocessing_of(str(self.row["algorithm"]), self.row["hyperparameters"])
        chosen["impute"] = chosen.pop("missing")
        return ", ".join(f"{key}={value!r}" for key, value in chosen.items())


def python_script(model: FittedModel, *, members: Members = "ensemble", file_name: str = "model.py") -> str:
    """Return a Python script that needs scikit-learn, pandas and perhaps LightGBM, but not this package.

    It reads a table, prints the out-of-fold score of the same configurations on as many folds, and can fit all rows
    and predict others. Members that need other packages (CatBoost, XGBoost, the perceptron) are left out; if little
    is left, the best configuration that can be written down stands in.

    Raises
    ------
    ExportError
        If none of the candidates can be written down, or nothing was validated.
    """
    manifest, schema = model.manifest, model.schema
    if manifest["ensemble"].get("fold_scores") == []:
        raise ExportError(
            "the model's table has too few rows to hold any out, and a script scores itself on rows held out. "
            "Try --format pickle"
        )
    chosen, notes = _members(model, members)
    ensemble, alone = manifest["ensemble"], len(chosen) == 1
    score, error = ensemble["score"], ensemble["error"]
    if alone:
        score, error = chosen[0].row["score"], chosen[0].row["score_error"]
    metric = str(ensemble["metric"])
    decision = ensemble.get("decision")
    if alone and decision is not None and resolve_metric(metric, schema.task).needs == "classes":
        notes = [*notes, "That score is of the most probable classes; this script decides by the model's decision."]
    data_name = _plain(str(manifest["data"]["name"])) + ".csv"
    content = {
        "title": f"Retrains a model of {_plain(schema.target)} from a table such as {data_name}.",
        "version": __version__,
        "needs": "scikit-learn, pandas" + (" and LightGBM" if any("LGBM" in m.estimator for m in chosen) else ""),
        "file_name": file_name,
        "data_name": data_name,
        "metric": metric,
        "score": _number(score),
        "error": _number(error),
        "of_what": f" ({chosen[0].row['algorithm']} alone)" if alone else "",
        "notes": notes,
        "seed": int(manifest["seed"]),
        "classify": schema.classes is not None,
        "classes": repr([_label(label) for label in schema.classes or ()]),
        "decision": decision,
        "target": repr(schema.target),
        "members": chosen,
        "scoring": _scoring(metric, classify=schema.classes is not None),
        "n_folds": max(int(manifest.get("folds") or 5), 2),
        "fold_seed": integer_seed(int(manifest["seed"]), "folds", 0),
        "shifted_log": any("ShiftedLog" in member.estimator for member in chosen),
        "magnitudes": repr(MAGNITUDES),
        **_columns(schema),
    }
    template = _environment().get_template("script.py.j2")
    body = template.render(imports=(), **content)
    return template.render(imports=_imports(body), **content)


def _members(model: FittedModel, members: Members) -> tuple[list[_Member], list[str]]:
    """Return what is to be written, and what the script is to say of it."""
    manifest = model.manifest
    rows = [row for row in manifest["leaderboard"] if row["score"] is not None]
    by_id = {row["id"]: row for row in rows}
    rounds = _rounds(model)
    if members == "ensemble":
        weights = {str(one["id"]): float(one["weight"]) for one in manifest["ensemble"]["members"]}
        written = [_written(model, by_id[name], weight, rounds) for name, weight in weights.items() if name in by_id]
        kept = [member for member in written if member is not None and member.weight > 0]
        share = sum(member.weight for member in kept) / (sum(map(abs, weights.values())) or 1.0)
        if len(kept) == len(weights):
            return kept, []
        if share >= LEAST_WEIGHT:
            left_out = len(weights) - len(kept)
            why = "nothing in scikit-learn and LightGBM is like them, or their weight is negative"
            return kept, [f"{left_out} of {len(weights)} members are left out: {why}."]
    best = next(filter(None, (_written(model, row, 1.0, rounds) for row in rows)), None)
    if best is None:
        tried = ", ".join(sorted({str(row["algorithm"]) for row in rows}))
        raise ExportError(f"nothing that was tried can be written without other packages: {tried}")
    note = "The best single configuration that scikit-learn and LightGBM can express stands for the ensemble."
    return [best], [note]


def _written(model: FittedModel, row: Mapping[str, Any], weight: float, rounds: Mapping[str, int]) -> _Member | None:
    classify = model.schema.classes is not None
    seed = integer_seed(int(model.manifest["seed"]), str(row["id"]), 0)
    estimator = estimator_of(
        str(row["algorithm"]), row["hyperparameters"], classify=classify, seed=seed, rounds=rounds.get(str(row["id"]))
    )
    if estimator is None:
        return None
    native = preprocessing_of(str(row["algorithm"]), row["hyperparameters"])["categories"] == "native"
    n_categories = len(model.schema.names(ColumnRole.CATEGORICAL))
    if native and n_categories:
        estimator = _with_categories(estimator, n_categories)
    return _Member(weight=weight, row=row, estimator=estimator)


def _with_categories(estimator: str, n_categories: int) -> str:
    """Tell a booster which columns are categories: they come first."""
    positions = repr(list(range(n_categories)))
    estimator = re.sub(r"(LGBM\w+\()", rf"\1categorical_feature={positions}, ", estimator)
    return re.sub(r"(HistGradientBoosting\w+\()", rf"\1categorical_features={positions}, ", estimator)


def _rounds(model: FittedModel) -> dict[str, int]:
    """Return the mean number of rounds of the boosters that are members, by configuration."""
    found = {}
    for entry, pipelines in zip(model.manifest["ensemble"]["members"], model.predictor.members, strict=True):
        trained = [rounds for rounds in map(_rounds_of, pipelines) if rounds]
        if trained:
            found[str(entry["id"])] = round(sum(trained) / len(trained))
    return found


def _rounds_of(pipeline: Any) -> int | None:
    """Return how many rounds a booster deep inside a fitted pipeline was trained for."""
    part = pipeline[-1]
    for _ in range(4):
        for name in ("rounds_", "n_iter_"):
            if isinstance(getattr(part, name, None), int):
                return int(getattr(part, name))
        part = next((getattr(part, name) for name in ("model_", "estimator_") if hasattr(part, name)), None)
    return None


def _columns(schema: Schema) -> dict[str, str]:
    """Return the script's lists of columns, as Python expressions."""
    numeric = {}
    for column in schema.features:
        if column.role is ColumnRole.NUMERIC:
            how = column.number
            written = () if how is None else astuple(how)
            numeric[column.name] = written
    dates = {column.name: column.date_format or "" for column in schema.features if column.role is ColumnRole.DATE}
    return {
        "numeric": repr(numeric),
        "boolean": repr(schema.names(ColumnRole.BOOLEAN)),
        "categorical": repr(schema.names(ColumnRole.CATEGORICAL)),
        "date": repr(dates),
        "text": repr(schema.names(ColumnRole.TEXT)),
    }


def _scoring(metric: str, *, classify: bool) -> list[str]:
    """Return the body of the script's ``score``."""
    if metric == "roc_auc":
        return [
            "if len(CLASSES) == 2:",
            "    return roc_auc_score(y, predicted[:, 1])",
            'return roc_auc_score(y, predicted, multi_class="ovr", labels=range(len(CLASSES)))',
        ]
    if metric == "neg_log_loss":
        return ["return -log_loss(y, predicted, labels=range(len(CLASSES)))"]
    lines = [f"scorer = get_scorer({metric!r})"]
    if classify:
        lines += [
            'if "predict_proba" in np.atleast_1d(scorer._response_method):',
            "    predicted = predicted[:, 1] if len(CLASSES) == 2 else predicted",
            "else:",
            "    predicted = decide(predicted)",
        ]
    return [*lines, "return scorer._sign * scorer._score_func(y, predicted, **scorer._kwargs)"]


def _imports(body: str) -> list[str]:
    lines = []
    for module, names in _MODULES.items():
        used = [name for name in names if re.search(rf"\b{name}\b", body)]
        if used:
            lines.append(f"from {module} import {', '.join(used)}")
    return lines


def _label(label: object) -> str:
    text = str(label)
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def _number(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.5f}"


def _plain(text: str) -> str:
    """Return `text` as it may stand in a docstring."""
    return re.sub(r"[^\w .-]", "_", text)[:60]


def _environment() -> Environment:
    loader = PackageLoader("automl_meta.persistence.exporting", package_path="")
    return Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
