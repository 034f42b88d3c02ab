"""Single meta-features on tables small enough, or plain enough, to know the answer."""

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from metafeature_tables import dataset_of
from scipy import linalg, stats

from automl_meta.datasets.task import Task
from automl_meta.metafeatures import WITHOUT_CAPS, Caps, columns, complexity, extract_dataset, statistical
from automl_meta.metafeatures.columns import class_sums
from automl_meta.metafeatures.complexity import c1, c2, class_pairs, f1v, f2, f3, f4
from automl_meta.metafeatures.concept import ring_weights
from automl_meta.metafeatures.information import binned_columns, concentration, entropy
from automl_meta.metafeatures.landmarking import _nearest_value, fold_scores, folds, ridge, tree, vote
from automl_meta.metafeatures.linearity import _fitted, _loss
from automl_meta.metafeatures.neighbourhood import cls_coef, density, hubs, intrinsic_dimension
from automl_meta.metafeatures.neighbours import gower_between, spanning_tree
from automl_meta.metafeatures.statistical import canonical_correlations

RNG = np.random.default_rng(0)


def described(frame: pd.DataFrame, y: object, task: str = "binary", **options: object) -> dict[str, float]:
    return extract_dataset(dataset_of(frame, np.asarray(y), task), caps=WITHOUT_CAPS, **options).to_dict()  # type: ignore[arg-type]


def test_gaps_are_counted() -> None:
    nan = np.nan
    frame = pd.DataFrame({"a": [1, nan, 3, nan], "b": [nan, nan, 1, nan], "c": [1.0, 2, 3, 4]})
    found = described(frame, [0, 1, 0, 1], groups=["real-life"])
    assert found["missing_cells"] == pytest.approx(5 / 12)
    assert found["columns_with_missing"] == pytest.approx(2 / 3)
    assert found["rows_with_missing"] == pytest.approx(3 / 4)
    assert found["missing_patterns"] == 3
    assert found["missing_tells"] == 1.0  # "a" is missing exactly in the rows of class 1


def test_duplicates_and_contradictions_are_counted_over_all_rows() -> None:
    frame = pd.DataFrame({"a": [1.0, 1, 1, 2, 3], "b": [0.0, -0.0, 0, 5, 5]})
    found = described(frame, [0, 1, 0, 1, 0], groups=["real-life"])
    assert found["duplicates"] == pytest.approx(2 / 5)
    assert found["contradictions"] == pytest.approx(3 / 5)


def test_classes_are_counted() -> None:
    found = described(pd.DataFrame({"a": RNG.normal(size=10)}), [0] * 5 + [1] * 3 + [2] * 2, "multiclass")
    assert (found["majority"], found["minority"]) == (0.5, 0.2)
    assert found["imbalance"] == pytest.approx(np.log(2.5))
    assert found["nr_class"] == 3
    assert found["sc"] == 3


def test_levels_are_counted() -> None:
    levels = pd.Categorical.from_codes([0] * 7 + [1] * 2 + [-1], ["u", "v", "never"])
    found = described(pd.DataFrame({"a": levels}), [0, 1] * 5, groups=["real-life"])
    assert found["cardinality.max"] == 3
    assert found["rare_levels.mean"] == 0.5
    assert found["top_level.mean"] == pytest.approx(7 / 9)


def test_target_of_numbers_is_described() -> None:
    y = np.exp(RNG.normal(size=400))
    found = described(pd.DataFrame({"a": RNG.normal(size=400)}), y, "regression", groups=["real-life"])
    assert found["target_skewness"] == pytest.approx(stats.skew(y) * (399 / 400) ** 1.5)
    assert abs(found["target_log_skewness"]) < 0.3
    assert found["target_positive"] == 1
    assert found["target_integer"] == 0
    assert found["target_tails.max"] > 4 > found["target_tails.min"]


def test_noise_in_labels_is_seen_by_neighbours() -> None:
    clean = RNG.integers(0, 2, 300)
    frame = pd.DataFrame({"a": RNG.normal(size=300) + 6 * clean, "b": RNG.normal(size=300)})
    flipped = np.where(RNG.random(300) < 0.2, 1 - clean, clean)
    for name in ("lone_labels", "suspect_labels"):
        before, after = (described(frame, y, groups=["real-life"])[name] for y in (clean, flipped))
        assert before == 0.0
        assert after > 0.05


def test_entropies_are_known_for_coins() -> None:
    assert entropy(np.array([5.0, 5.0])) == 1.0
    assert entropy(np.array([3.0, 0.0])) == 0.0
    assert concentration(np.array([[4.0, 0.0], [0.0, 4.0]])) == 1.0
    assert concentration(np.array([[2.0, 2.0], [2.0, 2.0]])) == 0.0
    assert np.isnan(concentration(np.array([[2.0, 2.0]])))


def test_column_that_is_the_class_tells_all() -> None:
    y = np.arange(40) % 2
    found = described(pd.DataFrame({"a": pd.Categorical.from_codes(y, ["n", "y"])}), y, groups=["information"])
    assert found["mut_inf.mean"] == pytest.approx(1.0)
    assert found["uncertainty.max"] == pytest.approx(1.0)
    assert found["ns_ratio"] == pytest.approx(0.0, abs=1e-12)


def test_bins_hold_equally_many_and_missing_is_its_own() -> None:
    values = np.append(RNG.permutation(27.0 * np.arange(27)), np.nan)[:, np.newaxis]
    bins = binned_columns(values, np.sort(values, axis=0), np.array([27]))
    assert np.bincount(bins[:, 0]).tolist() == [1, 9, 9, 9]


def test_canonical_correlations_solve_their_eigenproblem() -> None:
    X = RNG.normal(size=(60, 3))
    y = np.digitize(X[:, 0] + 0.5 * RNG.normal(size=60), [-0.5, 0.5])
    full = np.cov(np.column_stack([X, np.eye(3)[y][:, 1:]]), rowvar=False)
    xx, xy, yy = full[:3, :3], full[:3, 3:], full[3:, 3:]
    squares = linalg.eigh(xy.T @ np.linalg.solve(xx, xy), yy, eigvals_only=True)
    np.testing.assert_allclose(canonical_correlations(X, y, np.bincount(y)), np.sqrt(squares[::-1]), rtol=1e-9)


@pytest.mark.parametrize(("n_classes", "n_columns"), [(2, 3), (4, 9), (12, 4)])
def test_many_classes_give_the_same_sums_and_correlations_as_a_column_each(
    n_classes: int, n_columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(n_classes)
    classes = np.append(np.arange(n_classes), random.integers(0, n_classes, 80))
    X = random.normal(size=(len(classes), n_columns)) + 0.3 * classes[:, np.newaxis]
    counts = np.bincount(classes)
    few = class_sums(X, classes, n_classes), canonical_correlations(X, classes, counts)
    for module in (columns, statistical):
        monkeypatch.setattr(module, "MANY_CLASSES", 1)
    many = class_sums(X, classes, n_classes), canonical_correlations(X, classes, counts)
    assert len(many[1]) == min(n_columns, n_classes - 1)
    for one, other in zip(few, many, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_of_two_folds_each_is_predicted_from_the_other() -> None:
    number, label = np.arange(30.0), np.arange(30) ** 2 % 9
    found = tree(np.tile(number, 2)[:, np.newaxis], np.tile(label, 2), np.repeat([0, 1], 30), True, 0)
    assert found.tolist() == [1.0, 1.0]  # both folds have the same rows


@pytest.mark.parametrize("most", [1, 7, 50, None])
def test_pairs_of_classes_are_those_with_the_most_rows_without_listing_all(
    most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_class = [np.empty((int(size), 1)) for size in np.random.default_rng(0).integers(1, 6, 90)]
    every = sorted(itertools.combinations(range(90), 2), key=lambda p: -len(by_class[p[0]]) - len(by_class[p[1]]))
    listed = []

    def combined(labels: list[int], size: int) -> Iterator[tuple[int, ...]]:
        listed.append(len(labels))
        return itertools.combinations(labels, size)

    monkeypatch.setattr(complexity, "combinations", combined)
    assert class_pairs(by_class, Caps(class_pairs=most)) == sorted(every[:most])
    assert listed == [90 if most is None else most + 1]


def test_folds_are_those_of_scikit_learn() -> None:
    from sklearn.model_selection import KFold, StratifiedKFold

    y = RNG.integers(0, 3, 97)
    expected = np.empty(97, dtype=int)
    for fold, (_, held_out) in enumerate(StratifiedKFold(10).split(y, y)):
        expected[held_out] = fold
    np.testing.assert_array_equal(folds(y, True), expected)
    sizes = [len(held_out) for _, held_out in KFold(10).split(y)]
    assert sorted(np.bincount(folds(y.astype(float), False))) == sorted(sizes)


def test_scores_are_accuracy_and_r2() -> None:
    fold = np.array([0, 0, 1, 1])
    assert fold_scores(np.array([1, 0, 1, 1]), np.array([1, 1, 1, 1]), fold, True).tolist() == [0.5, 1.0]
    target = np.array([0.0, 2.0, 0.0, 2.0])
    assert fold_scores(np.array([0.0, 2.0, 9.0, 9.0]), target, fold, False).tolist() == [1.0, -1.0]


def test_vote_takes_the_most_frequent_and_of_equals_the_nearest() -> None:
    assert vote(np.array([[0, 1, 1], [2, 1, 0], [1, 0, 0]])).tolist() == [1, 2, 0]


def test_nearest_value_takes_the_first_of_equally_near_ones() -> None:
    known = np.array([3.0, 1.0, 1.0, 8.0])
    assert _nearest_value(known, np.array([0.0, 2.0, 5.0, 9.0, 8.0])).tolist() == [1, 1, 0, 3, 3]


def test_ridge_is_scikit_learns() -> None:
    from sklearn.linear_model import Ridge

    X, y = RNG.normal(size=(50, 4)), RNG.normal(size=50)
    np.testing.assert_allclose(ridge(X, y, X), Ridge(alpha=1.0).fit(X, y).predict(X))


def test_landmarks_find_what_was_planted() -> None:
    frame = pd.DataFrame(RNG.normal(size=(400, 3)), columns=list("abc"))
    line = described(frame, frame["a"] + frame["b"], "regression", groups=["landmarking", "relative"])
    assert line["linear.mean"] > 0.99
    assert line["linear_rank"] == 8
    box = described(frame, (frame["a"].abs() < 0.7), "binary", groups=["landmarking", "relative"])
    assert box["tree.mean"] > 0.95 > 0.7 > box["linear.mean"]
    assert box["linear_over_tree"] < -0.2


def test_tree_of_one_split_has_two_leaves() -> None:
    found = described(pd.DataFrame({"a": np.arange(20.0)}), np.arange(20) >= 10, groups=["model-based"])
    assert (found["leaves"], found["nodes"], found["tree_depth.max"]) == (2, 1, 1)
    assert found["leaves_corrob.min"] == 0.5
    assert found["var_importance.max"] == 1.0


def test_overlap_of_separated_and_of_mixed_classes() -> None:
    apart = [np.array([[0.0, 0], [1, 1]]), np.array([[5.0, 0], [6, 1]])]
    assert f2(apart, [(0, 1)]).tolist() == [0.0]
    assert f3(apart, [(0, 1)]).tolist() == [0.0]
    assert f4(apart, [(0, 1)]).tolist() == [0.0]
    mixed = [np.array([[0.0, 0], [1, 1], [0.5, 0.5]]), np.array([[0.0, 0], [1, 1], [0.2, 0.8]])]
    assert f2(mixed, [(0, 1)]).tolist() == [1.0]
    assert f3(mixed, [(0, 1)]).tolist() == [1.0]
    assert f4(mixed, [(0, 1)]).tolist() == [1.0]


def test_f1v_is_the_quotient_of_scatters_along_the_best_direction() -> None:
    first, second = RNG.normal(size=(40, 3)), RNG.normal(size=(25, 3)) + np.array([1.0, 0.0, 2.0])
    within = (40 * np.cov(first, rowvar=False) + 25 * np.cov(second, rowvar=False)) / 65
    apart = first.mean(axis=0) - second.mean(axis=0)
    direction = np.linalg.pinv(within) @ apart
    quotient = (direction @ apart) ** 2 / (direction @ within @ direction)
    assert f1v([first, second], [(0, 1)])[0] == pytest.approx(1 / (1 + quotient))


def test_balance_of_classes() -> None:
    assert c1(np.array([5, 5, 5])) == pytest.approx(1.0)
    assert c2(np.array([5, 5, 5])) == pytest.approx(0.0)
    assert c1(np.array([99, 1])) < 0.1
    assert c2(np.array([99, 1])) > 0.9


def test_boundary_is_at_the_minimum_of_its_loss() -> None:
    boundary = _fitted(RNG.normal(size=(40, 3)) + 0.7, RNG.normal(size=(60, 3)))
    lowest = _loss(boundary.weights, boundary.rows, boundary.sides)
    for _ in range(50):
        nearby = boundary.weights + 1e-3 * RNG.normal(size=4)
        assert _loss(nearby, boundary.rows, boundary.sides) > lowest


def test_spanning_tree_is_as_short_as_scipys() -> None:
    from scipy.sparse.csgraph import minimum_spanning_tree

    points = RNG.random((40, 3))
    distances = gower_between(points, points)
    edges = spanning_tree(distances)
    assert distances[edges[:, 0], edges[:, 1]].sum() == pytest.approx(minimum_spanning_tree(distances).sum())


def test_network_of_a_triangle_and_a_lone_row() -> None:
    graph = np.zeros((4, 4), dtype=bool)
    graph[:3, :3] = ~np.eye(3, dtype=bool)
    assert density(graph) == pytest.approx(0.5)
    assert cls_coef(graph) == pytest.approx(0.0)
    np.testing.assert_allclose(hubs(graph), [0, 0, 0, 1], atol=1e-9)


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_intrinsic_dimension_is_that_of_the_cube(dimension: int) -> None:
    points = np.random.default_rng(1).random((900, dimension))
    distances = np.sort(gower_between(points, points), axis=1)[:, 1:3]
    assert intrinsic_dimension(distances) == pytest.approx(dimension, rel=0.25)


def test_distance_one_is_in_the_first_ring_despite_rounding() -> None:
    weights = ring_weights(np.array([[0.0, 1.0 + 1e-15], [1.0 + 1e-15, 0.0]]))
    assert weights.tolist() == [[0.0, 0.5], [0.5, 0.0]]


def test_regression_is_easy_along_a_line_and_hard_in_noise() -> None:
    frame = pd.DataFrame({"a": RNG.normal(size=300), "b": RNG.normal(size=300)})
    line = described(frame, frame["a"], "regression", groups=["complexity"])
    noise = described(frame, RNG.normal(size=300), "regression", groups=["complexity"])
    assert line["rc1"] > 0.95
    assert line["rc3.min"] == pytest.approx(0.0, abs=1e-9)
    assert (line["rc4"], noise["rc4"] > 0.2) == (0.0, True)
    assert line["rl2"] < 1e-4 < noise["rl2"]
    for name in ("rs1", "rs3", "rl1.mean"):
        assert line[name] < noise[name]
    assert line["explained_by_neighbours"] > noise["explained_by_neighbours"]


def test_whole_table_is_counted_where_columns_are_left_out_of_features() -> None:
    from automl_meta.datasets import make_dataset

    frame = pd.DataFrame({"id": np.arange(60), "same": ["x"] * 60, "a": RNG.normal(size=60), "y": np.arange(60) % 2})
    dataset = make_dataset(frame, "y")
    assert dataset.task is Task.BINARY
    found = extract_dataset(dataset, groups=["general", "real-life"], time_limit=None)
    assert found.values["nr_attr"] == 1
    assert found.values["share_constant"] == pytest.approx(1 / 3)
