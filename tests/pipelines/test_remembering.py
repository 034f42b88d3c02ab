"""What candidates share is what each would have learned, and it does not fill the memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_meta.pipelines.encoders import text
from automl_meta.pipelines.encoders.remembering import Memory, digest
from automl_meta.pipelines.encoders.text import TextEncoder, fitted_text_encoder

NAMES = np.array([f"{first} {last}" for first in ("Anna", "Otto", "Ingrid") for last in "abcdefgh"], dtype=object)
Y = np.repeat([0, 1, 0], 8)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40))))
def test_no_more_is_held_than_there_is_room_for(asked: list[tuple[int, int]]) -> None:
    memory = Memory(100)
    sizes: dict[int, int] = {}
    for key, size in asked:
        value = memory.recall(key, lambda size=size: [0] * size, len)
        assert len(value) in (size, sizes.get(key))
        sizes[key] = len(value)
        assert memory.held_bytes <= 100


def test_what_was_used_last_is_kept() -> None:
    memory = Memory(8)
    made: list[str] = []

    def recall(key: str) -> None:
        memory.recall(key, lambda: made.append(key), lambda _: 2)

    for key in "abcdaeab":
        recall(key)
    assert "".join(made) == "abcdeb"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array(["ab", "c"], dtype=object), np.array(["a", "bc"], dtype=object)),
        (np.array([0, 1]), np.array([1, 0])),
        (np.array([0, 1]), np.array([0.0, 1.0])),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.array([""], dtype=object), None),
    ],
)
def test_other_content_has_another_digest(one: np.ndarray, other: np.ndarray | None) -> None:
    assert digest(one) == digest(one.copy())
    assert digest(one) != digest(other)


def test_shared_encoder_is_the_one_that_each_would_have_fitted() -> None:
    alone = TextEncoder(seed=3, n_classes=2)
    numbers = alone.fit_transform(NAMES, Y)
    for _ in range(2):
        encoder, shared = fitted_text_encoder(NAMES.copy(), Y.copy(), None, seed=3, n_classes=2)
        np.testing.assert_array_equal(shared, numbers)
        np.testing.assert_array_equal(encoder.transform(NAMES[::-1]), alone.transform(NAMES[::-1]))


def test_texts_are_learned_once_for_the_same_rows_and_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_MEMORY", Memory(2**24))
    first, _ = fitted_text_encoder(NAMES, Y, None, seed=0, n_classes=2)
    assert fitted_text_encoder(NAMES, Y, None, seed=0, n_classes=2)[0] is first
    for other in (
        fitted_text_encoder(NAMES, 1 - Y, None, seed=0, n_classes=2),
        fitted_text_encoder(NAMES, Y, np.arange(24) // 2, seed=0, n_classes=2),
        fitted_text_encoder(NAMES[::-1], Y, None, seed=0, n_classes=2),
        fitted_text_encoder(NAMES, Y, None, seed=1, n_classes=2),
    ):
        assert other[0] is not first


def test_equal_texts_are_read_once() -> None:
    read: list[int] = []

    class Vectorizer(text.HashingVectorizer):  # type: ignore[misc]
        def transform(self, texts: list[str]) -> object:
            read.append(len(texts))
            return super().transform(texts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_MEMORY", Memory(2**24))
        patch.setattr(text, "HashingVectorizer", Vectorizer)
        column = np.array(["red wine", None, "white wine", "red wine", ""], dtype=object)
        fitted = TextEncoder(2).fit(column)
        fitted.transform(column)
    assert read == [3]
