"""What a model hands to native code that trusts it: looked over once the model was read, before it predicts.

Trees are checked where they are unpacked, and boosters check themselves. The rest is here, by type.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC, SVR

from automl_meta.pipelines.estimators.booster import Booster
from automl_meta.pipelines.estimators.soundness import UnsoundModelError, ensure

_LEAVES = (str, bytes, int, float, bool, type(None), type)
_METRICS = ("euclidean", "l1", "l2", "manhattan", "minkowski")


def check_native_parts(model: Any) -> None:
    """Check all within `model` that native code reads without looking.

    Raises
    ------
    UnsoundModelError
        If something would lead it outside of what there is.
    """
    for part in _parts(model):
        for kind, check in _CHECKS.items():
            if isinstance(part, kind):
                _checked(check, part)


def _checked(check: Callable[[Any], None], part: Any) -> None:
    try:
        check(part)
    except UnsoundModelError:
        raise
    except Exception as error:  # whatever the parts of a crafted file make of a look at them
        raise UnsoundModelError(
            f"a {type(part).__name__} is not what fitting makes ({type(error).__name__})"
        ) from error


def _parts(model: Any) -> Iterator[Any]:
    """Yield `model` and all objects within, each once: every kind of thing that a model file can put others into."""
    waiting, met = [model], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, _LEAVES) or id(value) in met:
            continue
        met.add(id(value))
        yield value
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value
        elif isinstance(value, np.ndarray):
            waiting += value.ravel().tolist() if value.dtype == object else []
        elif isinstance(value, partial):
            waiting += [value.func, *value.args, value.keywords, vars(value)]
        else:
            waiting += getattr(value, "__dict__", {}).values()


def _is_array(value: Any, dtype: Any, shape: tuple[int, ...]) -> bool:
    return type(value) is np.ndarray and value.dtype == dtype and value.shape == shape


def _check_machine(machine: Any) -> None:
    """Check a kernel machine's arrays: libsvm takes their sizes from each other."""
    if not hasattr(machine, "support_vectors_"):
        return  # not fitted: what a wrapper was made from
    vectors = machine.support_vectors_
    classify = isinstance(machine, SVC)
    ensure(machine._impl == ("c_svc" if classify else "epsilon_svr"), "a kernel machine is of another kind")
    ensure(machine.kernel == "rbf" and machine._sparse is False, "a kernel machine has a kernel that it cannot have")
    ensure(type(vectors) is np.ndarray and vectors.ndim == 2, "a kernel machine has no support vectors")
    n_vectors, n_features = vectors.shape
    ensure(
        type(machine.n_features_in_) is int and machine.n_features_in_ == n_features, "a kernel machine is cut off"
    )
    n_classes = len(machine.classes_) if classify else 2
    n_pairs = n_classes * (n_classes - 1) // 2
    counts = machine._n_support
    fit = (
        n_classes >= 2
        and _is_array(vectors, np.float64, (n_vectors, n_features))
        and _is_array(machine.support_, np.int32, (n_vectors,))
        and _is_array(machine._dual_coef_, np.float64, (n_classes - 1, n_vectors))
        and _is_array(machine._intercept_, np.float64, (n_pairs,))
        and type(counts) is np.ndarray
        and counts.dtype == np.int32
        and counts.ndim == 1
        and (counts >= 0).all()
        and all(len(getattr(machine, name)) in (0, n_pairs) for name in ("_probA", "_probB"))
    )
    ensure(fit, "the arrays of a kernel machine do not fit together")
    if classify:
        ensure(len(counts) == n_classes and counts.sum() == n_vectors, "a kernel machine lacks support vectors")
    else:
        ensure(len(counts) == 2, "a kernel machine lacks support vectors")


def _check_neighbours(model: Any) -> None:
    """Check nearest neighbours: where no tree is searched, native code counts votes by what rows are said to be."""
    if not hasattr(model, "_fit_X"):
        return
    rows, y = model._fit_X, model._y
    ensure(type(rows) is np.ndarray and rows.ndim == 2 and rows.dtype.kind == "f", "nearest neighbours have no rows")
    ensure(type(y) is np.ndarray and len(y) == len(rows), "nearest neighbours have too few targets")
    counted = type(model.n_features_in_) is int and model.n_features_in_ == rows.shape[1]
    ensure(counted and model.n_samples_fit_ == len(rows), "nearest neighbours have other rows than they say")
    neighbours = model.n_neighbors
    ensure(isinstance(neighbours, int) and 1 <= neighbours <= len(rows), "nearest neighbours are more than there are")
    plain = {model.metric, model.effective_metric_} <= set(_METRICS) and model.metric_params is None
    plain = plain and set(model.effective_metric_params_) <= {"p"}
    ensure(plain, "nearest neighbours measure in an unknown way")
    if isinstance(model, KNeighborsClassifier):
        codes = y.ndim == 1 and y.dtype.kind == "i" and ((y >= 0) & (y < len(model.classes_))).all()
        ensure(codes, "nearest neighbours are of classes that are not there")


def _check_boosting(model: Any) -> None:
    """Check histogram boosting: its trees ask for columns of what its own preparation makes, unlooked."""
    if not hasattr(model, "_predictors"):
        return
    n_features = model._n_features
    ensure(type(n_features) is int and model.n_features_in_ == n_features, "histogram boosting lacks columns")
    prepared = model._preprocess_X(np.zeros((1, n_features)), reset=False)
    ensure(prepared.shape == (1, n_features), "histogram boosting prepares another number of columns than it reads")
    by_set = model._bin_mapper.is_categorical_
    known = type(by_set) is np.ndarray and by_set.shape == (n_features,) and by_set.dtype.kind in "bu"
    ensure(known, "histogram boosting does not know its categories")
    for trees in model._predictors:
        for tree in trees:
            nodes = tree.nodes[(tree.nodes["is_leaf"] == 0) & (tree.nodes["is_categorical"] != 0)]
            ensure(by_set[nodes["feature_idx"]].all(), "histogram boosting splits numbers by a set of categories")


def _check_booster(booster: Booster) -> None:
    if hasattr(booster, "table_"):
        booster.check()


_CHECKS: dict[Any, Callable[[Any], None]] = {
    Booster: _check_booster,
    (SVC, SVR): _check_machine,
    (KNeighborsClassifier, KNeighborsRegressor): _check_neighbours,
    (HistGradientBoostingClassifier, HistGradientBoostingRegressor): _check_boosting,
}
