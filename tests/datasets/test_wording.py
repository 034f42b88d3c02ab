"""Unique texts are identifiers, unless they are made of parts that repeat."""

import base64
import random
import string
import uuid
from collections.abc import Callable

import pandas as pd
import pytest

from automl_meta.datasets import ColumnRole, make_dataset
from automl_meta.datasets.cells import look
from automl_meta.datasets.inference import infer_column

FIRST = ["anna", "bob", "carl", "dora", "emil", "fred", "gina", "hans"]
LAST = ["smith", "jones", "lee", "kim", "novak", "silva", "rossi", "garcia"]
ATOMS = ["C", "CC", "C(=O)", "O", "N", "c1ccccc1", "C1CCCCC1", "(C)", "Cl", "C=C", "S(=O)(=O)", "[N+](=O)[O-]"]

CODES: dict[str, Callable[[random.Random], str]] = {
    "uuid": lambda r: str(uuid.UUID(int=r.getrandbits(128))),
    "hexadecimal": lambda r: r.randbytes(32).hex(),
    "base 64": lambda r: base64.b64encode(r.randbytes(16)).decode(),
    "base 32": lambda r: base64.b32encode(r.randbytes(10)).decode(),
    "short link": lambda r: "".join(r.choices(string.ascii_letters + string.digits + "-_", k=11)),
    "invoice": lambda r: f"INV-2020-{r.randrange(10**6):06}",
    "order": lambda r: f"{r.choice('AB')}{r.choice('XY')}-{r.randrange(2010, 2020)}-{r.randrange(10**6):06}",
    "picture": lambda r: f"img_{r.randrange(10**6)}.jpg",
    "link of a code": lambda r: f"https://example.org/item/{r.randbytes(6).hex()}",
    "plate": lambda r: "".join(r.choices(string.ascii_uppercase, k=3)) + f"-{r.randrange(1000):03}",
    "machine": lambda r: ":".join(f"{r.randrange(256):02x}" for _ in range(6)),
    "word": lambda r: "".join(r.choices(string.ascii_lowercase, k=r.randrange(6, 12))),
    "nickname": lambda r: f"{r.choice(FIRST)}{r.choice(LAST)}{r.randrange(1000)}",
}
COMPOSED: dict[str, Callable[[random.Random], str]] = {
    "address of a page": lambda r: f"https://{r.choice(['news', 'shop'])}.example.com/{r.choice(FIRST)}/{r.random()}",
    "e-mail": lambda r: f"{r.choice(FIRST)}.{r.choice(LAST)}{r.randrange(1000)}@{r.choice(['gmail', 'yahoo'])}.com",
    "path": lambda r: f"/data/{r.choice(FIRST)}/{r.choice(LAST)}/img_{r.randrange(10**5)}.png",
    "DNA": lambda r: "".join(r.choices("acgt", k=57)),
    "protein": lambda r: "".join(r.choices("ACDEFGHIKLMNPQRSTVWY", k=r.randrange(20, 60))),
    "molecule": lambda r: "".join(r.choices(ATOMS, k=r.randrange(4, 10))),
}


@pytest.mark.parametrize("n", [30, 600])
@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_codes_are_identifiers(code: Callable[[random.Random], str], n: int) -> None:
    random_ = random.Random(n)
    texts = sorted({code(random_) for _ in range(n)})
    assert infer_column("column", look(pd.Series(texts))).role is ColumnRole.IDENTIFIER


@pytest.mark.parametrize("n", [30, 600])
@pytest.mark.parametrize("text", COMPOSED.values(), ids=COMPOSED)
def test_texts_made_of_parts_that_repeat_are_read(text: Callable[[random.Random], str], n: int) -> None:
    random_ = random.Random(n)
    texts = sorted({text(random_) for _ in range(n)})
    assert infer_column("column", look(pd.Series(texts))).role is ColumnRole.TEXT
    assert infer_column("column", look(pd.Series(pd.Categorical(texts)))).role is ColumnRole.IDENTIFIER


def test_a_table_of_addresses_alone_can_be_learned_from() -> None:
    random_ = random.Random(0)
    addresses = [COMPOSED["address of a page"](random_) if row % 2 else None for row in range(80)]
    dataset = make_dataset(pd.DataFrame({"url": addresses, "label": ["good", "bad"] * 40}), "label")
    assert dataset.schema.features[0].role is ColumnRole.TEXT
    assert dataset.X["url"].isna().tolist() == [address is None for address in addresses]
