"""What was read once is at hand again, and does not fill the memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_meta.pipelines.encoders import text
from automl_meta.pipelines.encoders.remembering import Memory, digest
from automl_meta.pipelines.encoders.text import TextEncoder


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


@pytest.mark.parametrize(("one", "other"), [(["ab", "c"], ["a", "bc"]), (["a", "b"], ["b", "a"]), (["a"], ["a", ""])])
def test_other_texts_have_another_digest(one: list[str], other: list[str]) -> None:
    first, second = (np.array(texts, dtype=object) for texts in (one, other))
    assert digest(first) == digest(first.copy())
    assert digest(first) != digest(second)


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
