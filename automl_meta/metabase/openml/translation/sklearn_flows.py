"""Flows of scikit-learn and of libraries that speak its language, as openml-python describes them.

A flow is named by its classes, ``sklearn.pipeline.Pipeline(imputer=...,estimator=...)``. Components are known by the
last part of their names, since module paths change with versions, and parameters are JSON.
"""

from collections.abc import Callable, Mapping
from typing import Any

from automl_meta.metabase.openml.translation.draft import Draft, Translation, UntranslatableError
from automl_meta.metabase.openml.translation.given import Given
from automl_meta.metabase.openml.translation.serialized import Named, read_value
from automl_meta.metabase.openml.translation.setups import Component, Problem, Setup, parse_flow_name
from automl_meta.metabase.openml.translation.sklearn_estimators import ESTIMATORS, Context

CONTAINERS = {"Pipeline", "ColumnTransformer", "FeatureUnion"}
SEARCHES = {
    *("GridSearchCV", "RandomizedSearchCV", "BayesSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"),
    *("RandomizedSearch", "EvolutionaryAlgorithmSearchCV", "TuneSearchCV"),
}
# Steps that do nothing that our preprocessing does not do.
HARMLESS = {"VarianceThreshold", "CopyCols", "_CopyCols"}
ABSENT = "a default of scikit-learn is filled in"

Values = Mapping[str, Any]


def translate(setup: Setup, problem: Problem) -> Translation:
    """Return the configuration that says what a flow of scikit-learn did.

    Raises
    ------
    UntranslatableError
        If none does.
    """
    flow = parse_flow_name(setup.name)
    steps = _leaves(flow)
    estimators = [step for step in steps if step.class_name in ESTIMATORS]
    for step in steps:
        if not any(step.class_name in known for known in (ESTIMATORS, STEPS, HARMLESS)):
            raise UntranslatableError(f"{step.class_name} has no equivalent")
    if len(estimators) != 1:
        raise UntranslatableError("the flow has no estimator" if not estimators else "several estimators at once")
    estimator = estimators[0]
    algorithm, rule = ESTIMATORS[estimator.class_name]
    values = _values_by_component(setup)
    own = values.get(estimator.name, {})
    draft = Draft(algorithm if isinstance(algorithm, str) else algorithm(own), problem.task)
    _prepare([step for step in steps if step is not estimator], values, draft)
    given = Given(estimator.class_name, own, draft, ABSENT)
    rule(given, Context(draft, problem, scaled=any(step.class_name in SCALERS for step in steps)))
    return draft.finish()


def _leaves(flow: Component) -> list[Component]:
    """Return what a flow is made of, without what holds it together."""
    if flow.class_name in SEARCHES:
        raise UntranslatableError("hyperparameters were searched inside the run")
    if flow.class_name in CONTAINERS:
        return [leaf for _, child in flow.children for leaf in _leaves(child)]
    if flow.children:
        if any(part.class_name in SEARCHES for part in flow):
            raise UntranslatableError("hyperparameters were searched inside the run")
        raise UntranslatableError(f"wrapped in {flow.class_name}")
    return [] if flow.class_name in ("passthrough", "drop", "None") else [flow]


def _values_by_component(setup: Setup) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for parameter in setup.parameters:
        values = found.setdefault(_own_name(parameter.component), {})
        values[parameter.name] = read_value(parameter.value)
    return found


def _own_name(component: str) -> str:
    return component.partition("(")[0]


def _prepare(steps: list[Component], values: Mapping[str, Values], draft: Draft) -> None:
    """Set what is done to the columns before the estimator sees them."""
    done: dict[str, str] = {}
    for step in steps:
        if step.class_name in STEPS:
            for name, value in STEPS[step.class_name](values.get(step.name, {}), draft).items():
                if done.setdefault(name, value) != value:
                    raise UntranslatableError(f"columns are prepared in two ways at once ({name})")
    if "indicator" in done.values():
        done["missing"] = "indicator"
    done.setdefault("categorical", "ordinal")  # openml-python gives categories as whole numbers
    for name, value in done.items():
        if name == "categorical" and name in draft:
            draft.set_or_lose(name, value, f"categories were encoded otherwise ({value})")
        elif name in draft:
            draft.set(name, value)
    if "scaling" in draft and "scaling" not in done:
        draft.lose("columns were not scaled; ours are")


Done = dict[str, str]
Step = Callable[[Values, Draft], Done]


def _imputer(values: Values, draft: Draft) -> Done:
    strategy = values.get("strategy", "mean")
    if isinstance(strategy, Named):
        raise UntranslatableError("the imputer's strategy is a function")
    if strategy not in ("median", "most_frequent", None) and "missing" in draft:
        draft.lose("missing numbers are the median, not the mean or a constant")
    return {"missing": "indicator"} if values.get("add_indicator") is True else {}


def _one_hot(values: Values, draft: Draft) -> Done:
    if values.get("categorical_features") not in (None, "all") and "categorical" in draft:
        draft.lose("which columns were categories was given by hand")
    return {"categorical": "onehot"}


def _ordinal(values: Values, draft: Draft) -> Done:
    return {"categorical": "ordinal"}


def _target(values: Values, draft: Draft) -> Done:
    return {"categorical": "target"}


def _standard(values: Values, draft: Draft) -> Done:
    if values.get("with_std") is False:
        raise UntranslatableError("StandardScaler without scaling has no equivalent")
    return {"scaling": "standard"}


def _linear_scaler(values: Values, draft: Draft) -> Done:
    if "scaling" in draft:
        draft.lose("columns were scaled to a range; ours to unit variance")
    return {"scaling": "standard"}


def _robust(values: Values, draft: Draft) -> Done:
    if "scaling" in draft:
        draft.lose("columns were scaled robustly without clipping")
    return {"scaling": "robust_smooth"}


def _quantile(values: Values, draft: Draft) -> Done:
    if "scaling" in draft and values.get("output_distribution", "uniform") != "normal":
        draft.lose("ranks were uniform; ours are mapped to a normal distribution")
    return {"scaling": "quantile"}


SCALERS = {"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "QuantileTransformer"}
STEPS: dict[str, Step] = {
    **dict.fromkeys(("SimpleImputer", "Imputer", "ConditionalImputer", "ConditionalImputer2"), _imputer),
    "MissingIndicator": lambda values, draft: {"missing": "indicator"},
    "OneHotEncoder": _one_hot,
    **dict.fromkeys(("OrdinalEncoder", "LabelEncoder"), _ordinal),
    "TargetEncoder": _target,
    "StandardScaler": _standard,
    **dict.fromkeys(("MinMaxScaler", "MaxAbsScaler"), _linear_scaler),
    "RobustScaler": _robust,
    "QuantileTransformer": _quantile,
}
