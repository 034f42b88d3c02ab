"""A plain script that retrains a model without this package."""

import math
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Literal

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from automl_meta import __version__
from automl_meta.datasets import ColumnRole, Schema
from automl_meta.datasets.numbers import MAGNITUDES
from automl_meta.errors import InputError
from automl_meta.evaluation import resolve_metric
from automl_meta.persistence.exporting.code import Code, ExportError, call, literal, only_code, plain
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    weight: float
    row: Mapping[str, Any]  # of the leaderboard
    estimator: Code

    @property
    def code(self) -> Code:
        """The member as an entry of the script's list of them."""
        chosen = preprocessing_of(str(self.row["algorithm"]), self.row["hyperparameters"])
        chosen["impute"] = chosen.pop("missing")
        columns = call("columns", X=Code("X"), **chosen)
        return Code(f"({literal(self.weight)}, make_pipeline({columns}, {self.estimator}))")


def python_script(model: FittedModel, *, members: Members = "ensemble", file_name: str = "model.py") -> str:
    """Return a Python script that needs scikit-learn, pandas and perhaps LightGBM, but not this package.

    It reads a table, prints the out-of-fold score of the same configurations on as many folds, and can fit all rows
    and predict others. Members that need other packages (CatBoost, XGBoost, the perceptron) are left out; if little
    is left, the best configuration that can be written down stands in.

    Raises
    ------
    ExportError
        If none of the candidates can be written down, nothing was validated, or the model file does not hold what a
        script is written from.
    """
    try:
        content = _content(model, members, file_name)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise ExportError(
            f"the model file does not hold what a script is written from ({type(error).__name__}). "
            "Try a fresh copy, or fit again."
        ) from error
    template = _environment().get_template("script.py.j2")
    body = template.render(imports=(), **content)
    return template.render(imports=_imports(body), **content)


def _content(model: FittedModel, members: Members, file_name: str) -> dict[str, Any]:
    """Return what the template writes, all of it `Code`, and what it decides by."""
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
    metric = resolve_metric(str(ensemble["metric"]), schema.task)
    decision = _decision(ensemble.get("decision"), len(schema.classes or ()))
    if alone and decision is not None and metric.needs == "classes":
        notes = [*notes, "That score is of the most probable classes; this script decides by the model's decision."]
    lightgbm = any("LGBM" in member.estimator for member in chosen)
    return {
        "target_name": plain(schema.target),
        "version": Code(__version__),
        "needs": Code("scikit-learn, pandas and LightGBM" if lightgbm else "scikit-learn, pandas"),
        "file_name": plain(file_name),
        "data_name": Code(plain(manifest["data"]["name"]) + ".csv"),
        "metric_name": plain(metric.name),
        "metric": literal(metric.name),
        "score": _number(score),
        "error": _number(error),
        "of_what": Code(f" ({plain(chosen[0].row['algorithm'])} alone)" if alone else ""),
        "notes": [Code(note) for note in notes],
        "seed": literal(int(manifest["seed"])),
        "classify": schema.classes is not None,
        "classes": literal([_label(label) for label in schema.classes or ()]),
        "decision": None if decision is None else literal(decision),
        "by_costs": decision is not None and isinstance(decision[0], list),
        "target": literal(schema.target),
        "members": [member.code for member in chosen],
        "scoring": _scoring(metric.name, classify=schema.classes is not None),
        "n_folds": literal(max(int(manifest.get("folds") or 5), 2)),
        "fold_seed": literal(integer_seed(int(manifest["seed"]), "folds", 0)),
        "shifted_log": any("ShiftedLog" in member.estimator for member in chosen),
        "magnitudes": literal(MAGNITUDES),
        **_columns(schema),
    }


def _decision(given: Any, n_classes: int) -> list[Any] | None:
    """Return weights of the classes, or the costs of mistakes, as lists of numbers."""
    if given is None or not n_classes:
        return None
    decision = np.array(given, dtype=np.float64)
    if decision.shape not in ((n_classes,), (n_classes, n_classes)):
        raise ValueError("the decision is not of the classes")
    return list(decision.tolist())


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
    native = preprocessing_of(str(row["algorithm"]), row["hyperparameters"])["categories"] == "native"
    estimator = estimator_of(
        str(row["algorithm"]),
        row["hyperparameters"],
        classify=classify,
        seed=seed,
        rounds=rounds.get(str(row["id"])),
        n_categories=len(_categories(model.schema, given=False)) if native else 0,
    )
    return None if estimator is None else _Member(weight=weight, row=row, estimator=estimator)


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


def _columns(schema: Schema) -> dict[str, Code]:
    """Return the script's lists of columns, as Python expressions."""
    numeric = {}
    for column in schema.features:
        if column.role is ColumnRole.NUMERIC:
            how = column.number
            written = () if how is None else astuple(how)
            numeric[column.name] = written
    dates = {column.name: column.date_format or "" for column in schema.features if column.role is ColumnRole.DATE}
    return {
        "numeric": literal(numeric),
        "boolean": literal(schema.names(ColumnRole.BOOLEAN)),
        "categorical": literal(_categories(schema, given=False)),
        "given": literal(_categories(schema, given=True)),
        "date": literal(dates),
        "text": literal(schema.names(ColumnRole.TEXT)),
    }


def _categories(schema: Schema, *, given: bool) -> list[str]:
    """Return the names of the categories: of those of which it counts whether they are given, or of the others."""
    categories = (column for column in schema.features if column.role is ColumnRole.CATEGORICAL)
    return [column.name for column in categories if column.is_presence is given]


def _scoring(metric: str, *, classify: bool) -> list[Code]:
    """Return the body of the script's ``score``."""
    return [Code(line) for line in _scoring_lines(metric, classify=classify)]


def _scoring_lines(metric: str, *, classify: bool) -> list[str]:
    if metric == "roc_auc":
        return [
            "if len(CLASSES) == 2:",
            "    return roc_auc_score(y, predicted[:, 1])",
            'return roc_auc_score(y, predicted, multi_class="ovr", labels=range(len(CLASSES)))',
        ]
    if metric == "neg_log_loss":
        return ["return -log_loss(y, predicted, labels=range(len(CLASSES)))"]
    lines = [f"scorer = get_scorer({literal(metric)})"]
    if classify:
        lines += [
            'if "predict_proba" in np.atleast_1d(scorer._response_method):',
            "    predicted = predicted[:, 1] if len(CLASSES) == 2 else predicted",
            "else:",
            "    predicted = decide(predicted)",
        ]
    return [*lines, "return scorer._sign * scorer._score_func(y, predicted, **scorer._kwargs)"]


def _imports(body: str) -> list[Code]:
    lines = []
    for module, names in _MODULES.items():
        used = [name for name in names if re.search(rf"\b{name}\b", body)]
        if used:
            lines.append(Code(f"from {module} import {', '.join(used)}"))
    return lines


def _label(label: object) -> str:
    text = str(label)
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def _number(value: float | None) -> Code:
    return Code("-" if value is None or not math.isfinite(value) else f"{float(value):.5f}")


def _environment() -> Environment:
    loader = PackageLoader("automl_meta.persistence.exporting", package_path="")
    return Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=only_code,
    )
