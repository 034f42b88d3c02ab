"""Flows of R's mlr: ``mlr.classif.ranger(9)``, with the parameters of the R function behind the learner.

Parameters that a setup does not spell have R's defaults.
"""

from collections.abc import Callable

from automl_meta.metabase.openml.translation.draft import Draft, Translation, UntranslatableError
from automl_meta.metabase.openml.translation.given import Given
from automl_meta.metabase.openml.translation.setups import Problem, Setup
from automl_meta.metabase.openml.translation.sklearn_estimators import LEAST_ROUNDS, OWN_ROUNDS

R_ITSELF = "R's implementation, and what mlr does to the columns"
# What mlr's wrappers append to a learner's name where the model stays what it is.
WRAPPERS = {"imputed", "dummied", "removeconst"}

# Learners whose hyperparameters say something of the target where it is a number.
OF_THE_TARGET = {
    "glmnet": "glmnet's lambda is in units of the target",
    "svm": "epsilon of the support vector machine is in units of the target",
    "rpart": "rpart's cp is relative to the variance of the target",
}

Rule = Callable[[Given, Problem], None]


def translate(setup: Setup, problem: Problem) -> Translation:
    """Return the configuration that says what a flow of mlr did.

    Raises
    ------
    UntranslatableError
        If none does.
    """
    learner = _learner(setup.name)
    if learner not in LEARNERS:
        raise UntranslatableError(f"mlr's {learner} has no equivalent")
    if not problem.task.is_classification and learner in OF_THE_TARGET:
        raise UntranslatableError(OF_THE_TARGET[learner])
    algorithm, rule = LEARNERS[learner]
    values = {_plain(parameter.name, learner): _plain_value(parameter.value) for parameter in setup.parameters}
    values = {name: value for name, value in values.items() if value not in ("", "NULL", "NA", "null")}
    name = algorithm if isinstance(algorithm, str) else algorithm(values)
    draft = Draft(name, problem.task)
    draft.lose(R_ITSELF)
    rule(Given(f"mlr's {learner}", values, draft), problem)
    return draft.finish()


def _learner(name: str) -> str:
    parts = name.split(".")
    if parts[0].startswith("mlr"):
        parts = parts[1:]
    if len(parts) < 2 or parts[0] not in ("classif", "regr"):
        raise UntranslatableError("a flow of mlr that is no classification or regression")
    for wrapper in parts[2:]:
        if wrapper == "tuned":
            raise UntranslatableError("hyperparameters were searched inside the run")
        if wrapper not in WRAPPERS:
            raise UntranslatableError(f"wrapped by mlr ({wrapper})")
    return parts[1]


def _plain(name: str, learner: str) -> str:
    """Return a parameter's name without quotes, and without the learner that mlr3 puts before it."""
    name = name.strip().strip("\"'")
    for prefix in (f"classif.{learner}.", f"regr.{learner}."):
        name = name.removeprefix(prefix)
    return name


def _plain_value(value: str) -> str:
    return value.strip().strip("\"'")


def _ranger_name(values: dict[str, str]) -> str:
    return "extra_trees" if values.get("splitrule") == "extratrees" else "random_forest"


def _ranger(given: Given, problem: Problem) -> None:
    given.trees("num.trees", 500)
    _mtry(given, problem, problem.n_features**0.5)
    replaced = given.flag("replace", True)
    _sample(given, "sample.fraction", replaced, 1.0 if replaced else 0.632)
    default = 10 if problem.task.is_classification else 5  # mlr's classification runs grow probability forests
    given.draft.set("min_samples_leaf", max(round(given.number("min.node.size", default) / 2), 1))
    given.draft.lose("the least node that may be split is taken as twice the least leaf")
    factors = given.text("respect.unordered.factors", "ignore")
    by_target = factors in ("true", "order", "partition")
    given.draft.set("categorical", "target" if by_target else "ordinal")
    given.expect("max.depth", 0)
    given.expect("splitrule", "gini", "variance", "extratrees")


def _random_forest(given: Given, problem: Problem) -> None:
    given.trees("ntree", 500)
    classify = problem.task.is_classification
    _mtry(given, problem, problem.n_features**0.5 if classify else problem.n_features / 3)
    replaced = given.flag("replace", True)
    _sample(given, "sampsize", replaced, 1.0 if replaced else 0.632, problem.n_rows)
    given.draft.set("min_samples_leaf", given.number("nodesize", 1 if classify else 5))
    if "maxnodes" in given:
        given.draft.set("max_leaf_nodes", "limited")
        given.draft.set("leaf_nodes", given.number("maxnodes", 0))


def _mtry(given: Given, problem: Problem, default: float) -> None:
    n_features = max(problem.n_features, 1)
    given.draft.set("max_features", min(given.number("mtry", max(int(default), 1)) / n_features, 1.0))


def _sample(given: Given, name: str, replaced: bool, default: float, per: int = 1) -> None:
    """Set the rows of a tree: 63 % without replacement are as many distinct ones as all with it."""
    share = given.number(name, default * per) / per
    if (replaced and share >= 0.9) or (not replaced and 0.5 <= share <= 0.75):
        given.draft.set("bootstrap", "yes")
    elif not replaced and share >= 0.95:
        given.draft.set("bootstrap", "no")
    else:
        raise UntranslatableError("trees on a smaller sample of the rows have no equivalent")


def _glmnet(given: Given, problem: Problem) -> None:
    draft = given.draft
    strength = given.number("lambda" if "lambda" in given else "s", 0.01)
    draft.set("C", 1.0 / (max(problem.n_rows, 1) * strength) if strength > 0 else float("inf"))
    mixing = given.number("alpha", 1.0)
    draft.set("penalty", "l2" if mixing == 0 else "elasticnet")
    if mixing:
        draft.set("l1_ratio", mixing)
    draft.set("scaling", "standard")
    given.expect("standardize", "TRUE")
    given.expect("intercept", "TRUE")


def _svm_name(values: dict[str, str]) -> str:
    return "linear_svm" if values.get("kernel") == "linear" else "svm"


def _svm(given: Given, problem: Problem) -> None:
    draft = given.draft
    given.expect("type", "C-classification")
    kernel = given.text("kernel", "radial")
    if kernel not in ("radial", "linear"):
        raise UntranslatableError(f"the {kernel} kernel has no equivalent")
    draft.set("C", given.number("cost", 1.0))
    draft.set("scaling", "standard")
    given.expect("scale", "TRUE")
    if kernel == "radial":
        n_features = max(problem.n_features, 1)
        draft.set("gamma", given.number("gamma", 1.0 / n_features) * n_features)


def _rpart(given: Given, problem: Problem) -> None:
    draft = given.draft
    split = given.number("minsplit", 3 * given.number("minbucket", 0) if "minbucket" in given else 20)
    bucket = given.number("minbucket", round(split / 3))
    draft.set("min_samples_leaf", max(bucket, 1))
    if split > 2 * max(bucket, 1):
        draft.lose("minsplit is lost")
    draft.set("max_depth", given.number("maxdepth", 30))
    # cp is relative to the root's error; the root's impurity is taken as that of classes of the same size.
    draft.set("ccp_alpha", max(given.number("cp", 0.01), 0.0) * (1.0 - 1.0 / max(problem.n_classes, 2)))
    draft.lose("cp is relative to the root, classes taken as of the same size")
    draft.set("criterion", "entropy" if given.text("split", "gini") == "information" else "gini")


def _xgboost(given: Given, problem: Problem) -> None:
    given.expect("booster", "gbtree")
    pairs = {
        "eta": "learning_rate",
        "max_depth": "max_depth",
        "min_child_weight": "min_child_weight",
        "subsample": "subsample",
        "colsample_bylevel": "colsample_bylevel",
        "lambda": "reg_lambda",
        "alpha": "reg_alpha",
    }
    ones = dict.fromkeys(("min_child_weight", "subsample", "colsample_bylevel", "lambda"), 1.0)
    given.same(pairs, {"eta": 0.3, "max_depth": 6, "alpha": 0, **ones})
    given.draft.set("colsample_bynode", 1.0)
    given.drop("colsample_bytree", 1)
    given.drop("gamma", 0)
    if given.number("nrounds", 1) < LEAST_ROUNDS:
        raise UntranslatableError(f"xgboost with fewer than {LEAST_ROUNDS} rounds")
    given.draft.lose(OWN_ROUNDS)


def _kknn(given: Given, problem: Problem) -> None:
    draft = given.draft
    draft.set("n_neighbors", given.number("k", 7))
    draft.set("p", f"{given.number('distance', 2):g}")
    kernel = given.text("kernel", "optimal")
    draft.set("weights", "uniform" if kernel == "rectangular" else "distance")
    if kernel != "rectangular":
        draft.lose("the kernel that weights neighbours is one over the distance")
    draft.set("scaling", "standard")
    given.expect("scale", "TRUE")


def _plain_model(given: Given, problem: Problem) -> None:
    """Do nothing: the model has no hyperparameters that both sides know."""


def _discriminant(given: Given, problem: Problem) -> None:
    given.draft.set("shrinkage", "fixed")
    given.draft.set("shrinkage_factor", 0.0)


def _quadratic(given: Given, problem: Problem) -> None:
    given.draft.set("reg_param", 0.0)


LEARNERS: dict[str, tuple[str | Callable[[dict[str, str]], str], Rule]] = {
    "ranger": (_ranger_name, _ranger),
    "randomForest": ("random_forest", _random_forest),
    "glmnet": ("logistic_regression", _glmnet),
    "svm": (_svm_name, _svm),
    "rpart": ("decision_tree", _rpart),
    "xgboost": ("xgboost", _xgboost),
    "kknn": ("knn", _kknn),
    "naiveBayes": ("gaussian_nb", _plain_model),
    "lda": ("lda", _discriminant),
    "qda": ("qda", _quadratic),
    "featureless": ("dummy", _plain_model),
}
