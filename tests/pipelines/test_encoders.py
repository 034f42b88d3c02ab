import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtri
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.preprocessing import RobustScaler, StandardScaler

from automl_meta.pipelines.encoders.categories import OneHotEncoder, TargetMeanEncoder
from automl_meta.pipelines.encoders.dates import DateEncoder
from automl_meta.pipelines.encoders.numeric import NumericEncoder
from automl_meta.pipelines.encoders.reduction import WideReducer
from automl_meta.pipelines.encoders.text import TextEncoder

SCALINGS = ("none", "standard", "quantile", "robust_smooth")
MISSING = ("native", "median", "indicator")
CELLS = st.one_of(
    st.floats(-1e3, 1e3), st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 1.7e308, 1e-300, 5e-324])
)
BLOCKS = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(0, 4)), elements=CELLS)


def fitted(values: np.ndarray, scaling: str, missing: str = "median") -> np.ndarray:
    return NumericEncoder(scaling, missing).fit(values).transform(values)


@pytest.fixture
def normal() -> np.ndarray:
    return np.random.default_rng(0).normal(3, 2, size=(500, 4))


@pytest.mark.filterwarnings("error")
@settings(max_examples=100, deadline=None)
@given(values=BLOCKS, later=BLOCKS, scaling=st.sampled_from(SCALINGS), missing=st.sampled_from(MISSING))
@example(values=np.array([[0.0], [1.7e308], [1.7e308]]), later=np.zeros((1, 0)), scaling="none", missing="native")
@example(values=np.array([[0.0], [5e-324]]), later=np.zeros((1, 0)), scaling="none", missing="native")
def test_any_numbers_give_finite_ones_that_fit_float32(
    values: np.ndarray, later: np.ndarray, scaling: str, missing: str
) -> None:
    encoder = NumericEncoder(scaling, missing).fit(values)
    later = np.resize(later if later.size else np.zeros(1), (3, values.shape[1]))
    for block in (values, later):
        encoded = encoder.transform(block)
        assert not np.isinf(encoded.astype(np.float32)).any()
        assert missing == "native" or np.isfinite(encoded).all()


@settings(max_examples=60, deadline=None)
@given(
    values=arrays(np.float64, st.tuples(st.integers(2, 30), st.just(1)), elements=st.integers(-50, 50)),
    scaling=st.sampled_from(SCALINGS),
)
def test_scaling_keeps_the_order_of_a_column(values: np.ndarray, scaling: str) -> None:
    encoded = fitted(values, scaling)
    if encoded.shape[1]:
        order = np.argsort(values[:, 0], kind="stable")
        assert (np.diff(encoded[order, 0]) >= -1e-12).all()


def test_no_scaling_leaves_ordinary_numbers_as_they_are(normal: np.ndarray) -> None:
    np.testing.assert_array_equal(fitted(normal, "none"), normal)


def test_no_scaling_lets_float32_tell_apart_large_numbers_that_differ_little() -> None:
    values = (1e12 + np.arange(50.0))[:, None]
    assert len(np.unique(fitted(values, "none").astype(np.float32))) == 50


def test_standard_scaling_agrees_with_scikit_learn(normal: np.ndarray) -> None:
    np.testing.assert_allclose(fitted(normal, "standard"), StandardScaler().fit_transform(normal))


def test_robust_scaling_is_smoothly_clipped_to_three(normal: np.ndarray) -> None:
    scaled = RobustScaler().fit_transform(normal)
    np.testing.assert_allclose(fitted(normal, "robust_smooth"), scaled / np.sqrt(1 + (scaled / 3) ** 2))
    far = NumericEncoder("robust_smooth").fit(normal).transform(normal + 1e9)
    assert np.abs(far).max() <= 3


def test_robust_scaling_of_a_mostly_constant_column_uses_half_its_range() -> None:
    values = np.r_[np.zeros(9), 4.0][:, None]
    assert fitted(values, "robust_smooth")[-1, 0] == pytest.approx(2 / np.sqrt(1 + 4 / 9))


def test_quantile_scaling_gives_a_normal_distribution() -> None:
    skewed = np.exp(3 * np.random.default_rng(0).normal(size=(2000, 1)))
    encoded = np.sort(fitted(skewed, "quantile")[:, 0])
    np.testing.assert_allclose(encoded, ndtri((np.arange(2000) + 0.5) / 2000), atol=0.3)


def test_quantile_scaling_puts_ties_in_the_middle_of_their_ranks() -> None:
    values = np.r_[np.zeros(60), np.ones(40)][:, None]
    assert np.unique(fitted(values, "quantile")).tolist() == pytest.approx([ndtri(0.3), ndtri(0.8)])


@pytest.mark.parametrize("scaling", SCALINGS)
def test_constant_and_empty_columns_are_dropped(scaling: str) -> None:
    values = np.column_stack([np.full(20, 7.0), np.full(20, np.nan), np.arange(20.0)])
    for missing in MISSING:
        assert fitted(values, scaling, missing).shape == (20, 1)


def test_missing_cells_take_the_median_and_are_indicated_once_for_equal_gaps() -> None:
    gaps = np.array([1.0, np.nan, 3.0, 8.0])
    values = np.column_stack([gaps, np.arange(4.0), 2 * gaps])
    np.testing.assert_array_equal(fitted(values, "none", "median")[1], [3.0, 1.0, 6.0])
    np.testing.assert_array_equal(fitted(values, "none", "indicator")[:, 3:], [[0], [1], [0], [0]])
    np.testing.assert_array_equal(np.isnan(fitted(values, "standard", "native")), np.isnan(values))


def test_missing_only_later_takes_the_median() -> None:
    values = np.array([[1.0], [2.0], [9.0]])
    assert NumericEncoder("none").fit(values).transform(np.array([[np.nan]])) == [[2.0]]


def test_infinite_cells_take_the_largest_finite_value() -> None:
    values = np.array([[1.0], [2.0], [9.0], [np.inf], [-np.inf]])
    np.testing.assert_array_equal(fitted(values, "none")[:, 0], [1.0, 2.0, 9.0, 9.0, 1.0])


def test_date_parts_are_those_of_the_calendar() -> None:
    dates = np.array([["2024-03-01T06:00"], ["2023-12-31T00:00"], ["NaT"]], dtype="datetime64[ns]")
    numbers = DateEncoder(elapsed=True, calendar=True, cyclic=False).fit(dates).transform(dates)
    np.testing.assert_array_equal(numbers[0], [61.25, 2024, 3, 1, 61, 4, 6])  # a Friday, in a leap year
    np.testing.assert_array_equal(numbers[1], [0, 2023, 12, 31, 365, 6, 0])
    assert np.isnan(numbers[2]).all()


def test_december_is_near_january_on_the_circle() -> None:
    dates = np.array([["2022-12-31"], ["2023-01-01"], ["2023-07-01"]], dtype="datetime64[ns]")
    year = DateEncoder(elapsed=False, calendar=False, cyclic=True).fit(dates).transform(dates)[:, :2]
    assert np.linalg.norm(year[0] - year[1]) < 0.05
    assert np.linalg.norm(year[0] - year[2]) > 1.9


def test_days_between_two_dates_are_given() -> None:
    dates = np.array([["2020-01-01", "2020-01-11"], ["2020-01-01", "NaT"]], dtype="datetime64[ns]")
    encoder = DateEncoder(elapsed=False, calendar=False, cyclic=False).fit(dates)
    np.testing.assert_array_equal(encoder.transform(dates), [[10.0], [np.nan]])


def test_similar_texts_are_near_and_missing_is_an_empty_text() -> None:
    texts = np.array(["blue train to Paris", "blue trains to Paris", "a lovely quiet garden", None, ""], dtype=object)
    encoded = TextEncoder(3).fit_transform(texts)
    assert np.linalg.norm(encoded[0] - encoded[1]) < 0.5 * np.linalg.norm(encoded[0] - encoded[2])
    np.testing.assert_array_equal(encoded[3:], 0)


@pytest.mark.parametrize("texts", [[None], ["x"], [None, None], ["same words", "same words"], ["a", "b", "c"]])
def test_texts_with_nothing_to_learn_are_encoded(texts: list[str | None]) -> None:
    column = np.array(texts, dtype=object)
    encoder = TextEncoder()
    encoded = encoder.fit_transform(column)
    assert np.isfinite(encoded).all()
    assert encoder.transform(np.array(["new words"], dtype=object)).shape == (1, encoded.shape[1])


def test_fitting_and_transforming_agree_for_text() -> None:
    texts = np.array([f"word{i % 7} other{i % 3} end{i}" for i in range(50)], dtype=object)
    encoder = TextEncoder(5)
    np.testing.assert_allclose(encoder.fit_transform(texts), encoder.transform(texts), atol=1e-12)


def named(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return names, the first of which tells the class, and the classes."""
    random = np.random.default_rng(0)
    first = np.array([["Anna", "Maria", "Ingrid", "Chiara"], ["Otto", "Bernard", "Louis", "Marcel"]])
    classes = random.integers(0, 2, n_rows)
    last = random.choice(list("bcdfgklmnprst"), (n_rows, 6))
    texts = [f"{first[c, random.integers(4)]} {''.join(name).title()}" for c, name in zip(classes, last, strict=True)]
    return np.array(texts, dtype=object), classes


def test_what_a_text_says_of_the_target_is_a_column() -> None:
    texts, classes = named(600)
    encoder = TextEncoder(n_classes=2)
    encoded = encoder.fit_transform(texts[:400], classes[:400])
    assert encoded.shape == (400, 31)
    for said, truth in ((encoded[:, -1], classes[:400]), (encoder.transform(texts[400:])[:, -1], classes[400:])):
        assert 0.5 < said.std() < 1.0
        assert ((said > np.median(said)) == truth).mean() > 0.9


@pytest.mark.parametrize("n_classes", [0, 2, 4])
def test_no_row_of_text_sees_its_own_target(n_classes: int) -> None:
    random = np.random.default_rng(1)
    texts = np.array(["".join(random.choice(list("abcdefgh"), 8)) for _ in range(800)], dtype=object)
    y = random.integers(0, n_classes, 800) if n_classes else random.normal(size=800)
    said = TextEncoder(n_classes=n_classes).fit_transform(texts, y)[:, 30:]
    assert said.shape[1] == max(n_classes, 1) - (n_classes == 2)
    truth = [y == c for c in range(n_classes)] if n_classes > 2 else [y]
    for column, wanted in zip(said.T, truth, strict=True):
        assert abs(np.corrcoef(column, wanted)[0, 1]) < 0.12


def test_rows_of_a_group_do_not_see_the_targets_of_each_other() -> None:
    groups = np.repeat(np.arange(200), 4)
    texts = np.array([f"group {group * 7919 % 1000003}" for group in groups], dtype=object)
    y = np.random.default_rng(2).normal(size=200)[groups]
    apart = TextEncoder().fit_transform(texts, y, groups)[:, -1]
    together = TextEncoder().fit_transform(texts, y)[:, -1]
    assert abs(np.corrcoef(apart, y)[0, 1]) < 0.25
    assert np.corrcoef(together, y)[0, 1] > 0.8


def test_rare_and_unseen_levels_share_an_indicator() -> None:
    codes = np.array([[1], [1], [1], [2], [2], [3], [4], [0], [0]])
    encoder = OneHotEncoder(min_rows=2).fit(codes, [5])
    encoded = encoder.transform(np.array([[1], [2], [3], [4], [5], [0]]))
    np.testing.assert_array_equal(encoded.sum(axis=1), 1)
    assert (encoded[2] == encoded[3]).all()
    assert (encoded[2] == encoded[4]).all()
    assert len(np.unique(encoded, axis=0)) == 4


def test_level_unseen_in_training_is_all_zeros_where_no_level_is_rare() -> None:
    codes = np.repeat([[1], [2], [3]], 5, axis=0)
    encoder = OneHotEncoder().fit(codes, [4])
    np.testing.assert_array_equal(encoder.transform(np.array([[4], [0], [5]])), 0)


def test_levels_that_the_schema_lacks_are_encoded_as_those_that_the_training_rows_lack() -> None:
    codes = np.column_stack([np.repeat([0, 1, 2, 3], 10), np.r_[np.repeat([0, 1, 2], 13), 4]])
    y = np.arange(40) // 10
    for encoder in (OneHotEncoder().fit(codes, [4, 5]), TargetMeanEncoder().fit(codes, [4, 5], y)):
        lacking, new, missing = encoder.transform(np.array([[4, 5], [5, 6], [0, 0]]))
        np.testing.assert_array_equal(new, lacking)
        assert (new != missing).any()


def test_encoders_without_a_slot_for_new_levels_take_them_for_missing() -> None:
    codes = np.column_stack([np.repeat([0, 1, 2, 3], 10), np.tile([0, 1, 2, 2], 10)])
    rows = np.array([[3, 1], [0, 0], [4, 3]])
    one_hot, means = OneHotEncoder().fit(codes, [3, 2]), TargetMeanEncoder().fit(codes, [3, 2], np.arange(40.0))
    expected = [encoder.transform(rows[:2]) for encoder in (one_hot, means)]
    without = np.array([0, 1, 2, 3, 5, 6, 7])  # as saved before there was one
    for encoder, table in ((one_hot, "target_"), (means, "means_")):
        encoder.starts_ = np.array([0, 4, 7])
        setattr(encoder, table, getattr(encoder, table)[without])
    for encoder, known in zip((one_hot, means), expected, strict=True):
        np.testing.assert_array_equal(encoder.transform(rows), known[[0, 1, 1]])


@settings(max_examples=60, deadline=None)
@given(
    codes=arrays(np.intp, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.integers(0, 20)),
    later=arrays(np.intp, (5, 3), elements=st.integers(0, 20)),
    max_levels=st.integers(1, 8),
)
def test_each_column_has_at_most_one_indicator_on_and_few_in_all(
    codes: np.ndarray, later: np.ndarray, max_levels: int
) -> None:
    n_columns = codes.shape[1]
    encoder = OneHotEncoder(max_levels=max_levels).fit(codes, [20] * n_columns)
    encoded = encoder.transform(later[:, :n_columns])
    assert encoded.shape == (5, encoder.n_outputs_)
    assert encoder.n_outputs_ <= max_levels * n_columns
    assert (encoded.sum(axis=1) <= n_columns).all()


def test_many_columns_share_the_room_for_indicators() -> None:
    codes = np.random.default_rng(0).integers(0, 20, size=(200, 50))
    assert OneHotEncoder(max_columns=100).fit(codes, [20] * 50).n_outputs_ <= 100


def test_target_means_are_shrunk_more_the_fewer_rows_a_level_has() -> None:
    codes = np.array([[1]] * 50 + [[2]] * 2 + [[3]] * 48)
    y = np.r_[np.ones(50), np.ones(2), np.zeros(48)].astype(np.int64)
    means = TargetMeanEncoder(2).fit(codes, [3], y).transform(np.array([[1], [2], [3], [0]]))[:, 0]
    assert y.mean() < means[1] < means[0] <= 1
    assert means[3] == pytest.approx(y.mean())


def test_target_means_have_a_column_per_class_where_there_are_several() -> None:
    rng = np.random.default_rng(0)
    codes, y = rng.integers(0, 4, size=(90, 2)), rng.integers(0, 3, 90)
    encoded = TargetMeanEncoder(3).fit(codes, [3, 3], y).transform(codes)
    assert encoded.shape == (90, 6)
    np.testing.assert_allclose(encoded.reshape(90, 2, 3).sum(axis=2), 1, atol=0.2)


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(1, 12),
    n_classes=st.sampled_from([0, 2, 3, 20]),
    size=st.sampled_from([1e-300, 1.0, 1e300]),
    seed=st.integers(0, 9),
)
def test_target_means_of_few_rows_lie_within_the_target(n: int, n_classes: int, size: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, size=(n, 2))
    y = rng.integers(0, n_classes, n) if n_classes else size * rng.normal(size=n)
    encoder = TargetMeanEncoder(n_classes)
    for encoded in (encoder.fit_transform(codes, [2, 2], y), encoder.transform(codes)):
        assert np.isfinite(encoded).all()
        assert np.abs(encoded).max() <= 1 + 1e-12


def test_selection_keeps_what_scikit_learn_would() -> None:
    rng = np.random.default_rng(0)
    values, y = rng.normal(size=(60, 150)), rng.integers(0, 3, 60)
    expected = SelectKBest(f_classif, k=100).fit(values, y).get_support(indices=True)
    np.testing.assert_array_equal(WideReducer("select", n_kept=100).fit(values, y).chosen_, expected)


def test_components_explain_as_much_as_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 200)) + 0.01 * rng.normal(size=(80, 200))
    components = WideReducer("pca", n_kept=3).fit(values, np.zeros(80)).transform(values)
    standard = StandardScaler().fit_transform(values)
    expected = PCA(3).fit(standard).explained_variance_
    np.testing.assert_allclose(components.var(axis=0, ddof=1), expected, rtol=1e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["pca", "select"])
@pytest.mark.parametrize("is_classification", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_wide_and_short_tables_are_reduced(method: str, is_classification: bool, n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.normal(size=(n, 30))
    values[:, :3], values[0, 4], values[:, 5] = np.nan, 1e30, 2.5
    for y in (np.zeros(n, dtype=np.int64), np.arange(n)):
        reducer = WideReducer(method, is_classification, n_kept=5).fit(values, y)
        reduced = reducer.transform(values)
        assert np.isfinite(np.nan_to_num(reduced)).all()
        assert reduced.shape[1] <= 30
