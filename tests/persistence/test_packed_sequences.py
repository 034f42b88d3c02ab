"""Long sequences are stored as one value, and only what packing made is taken for one."""

from typing import Any

import numpy as np
import pytest
import skops.io

from automl_meta.persistence.packed_sequences import PackedArrays, PackedTexts, PackedTextTuples
from automl_meta.persistence.packing import pack, unpack
from automl_meta.persistence.trusted import TRUSTED


@pytest.mark.parametrize("kind", [list, tuple])
def test_long_sequences_are_stored_as_one_value_and_come_back_as_they_were(kind: type) -> None:
    texts = kind(f"column ä {i}" for i in range(300))
    arrays = kind(np.arange(i % 7, dtype=np.float64) / 3 for i in range(300))
    levels = (("no", "yes"), (), tuple(f"town {i}" for i in range(40)))
    value = {"texts": texts, "arrays": arrays, "short": kind(["a"]), "mixed": kind([1, *texts]), "levels": levels}
    packed = pack(value)
    assert not isinstance(packed["texts"], kind)
    assert not isinstance(packed["arrays"], kind)
    assert not isinstance(packed["levels"], tuple)
    again = unpack(skops.io.loads(skops.io.dumps(packed), trusted=list(TRUSTED)))
    assert type(again["arrays"]) is kind
    for one, other in zip(again.pop("arrays"), value.pop("arrays"), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
    assert again == value


@pytest.mark.parametrize(
    "packed",
    [
        PackedTexts("list", '["a", 1]'),
        PackedTexts("list", '{"a": "b"}'),
        PackedTexts("set", '["a"]'),
        PackedTextTuples('["a"]'),
        PackedTextTuples('[["a", 1]]'),
        PackedTextTuples("{}"),
        PackedArrays("list", np.arange(5.0), np.array([2, 4])),
        PackedArrays("list", np.arange(5.0), np.array([-1, 6])),
        PackedArrays("list", np.arange(4.0).reshape(2, 2), np.array([1, 1])),
        PackedArrays("set", np.arange(5.0), np.array([2, 3])),
    ],
)
def test_packed_sequences_that_were_not_made_by_packing_are_refused(packed: Any) -> None:
    with pytest.raises(ValueError, match="packed"):
        unpack([packed])
