"""Whether a column of text says something by its words and letters, and not only by which cells are equal."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from automl_meta.datasets.cells import Cells
from automl_meta.datasets.numbers import MANY

WORDS = 1.5  # mean words of texts; names of people and things have about two, of towns fewer
WORDS_OF_SENTENCES = 8.0
ROWS_PER_NAME = 5.0  # of a text of a few words; what occurs more often is a category
ROWS_PER_SENTENCE = 10.0
ROWS_PER_CODE = 1.5  # of a text of any kind; below, most levels that new rows have would be unknown
FEWEST_CODES = 32  # distinct; more are not encoded one by one

MOST_LOOKED_AT = 2000  # texts
SHORTEST_WORD = 3  # letters; fewer are often the same by chance
SHARE_OF_COMPOSED = 0.5  # of the texts that have a word in common with others
SHARE_IN_ALL = 0.95  # of the texts; a word that is in more is part of how codes are written
SEQUENCE_LENGTH = 10.0  # mean characters, of DNA and of the formulas of molecules
FEWEST_BITS = 3.0  # a letter, of words and random letters; DNA has 2, formulas of molecules fewer
LONG_WORD = 20.0  # mean letters, of proteins
MOST_DIGITS = 0.25  # of the characters of sequences; hexadecimal codes have 0.6

_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # Thai, Lao, Japanese, Chinese
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")


def is_free_text(cells: Cells) -> bool:
    """Return whether texts have several words, and hardly repeat."""
    if cells.n_distinct < min(MANY, 0.5 * cells.n_present):
        return False
    words = sum(map(_n_words, cells.texts)) / cells.n_distinct
    rows = cells.n_present / cells.n_distinct
    return (words > WORDS and rows < ROWS_PER_NAME) or (words > WORDS_OF_SENTENCES and rows < ROWS_PER_SENTENCE)


def is_nearly_unique(cells: Cells) -> bool:
    """Return whether many new rows will have a value that no row has yet; what the table calls a category is one."""
    many = cells.n_distinct > FEWEST_CODES
    return many and not cells.categorical and cells.n_present < ROWS_PER_CODE * cells.n_distinct


def is_composed(texts: Sequence[str]) -> bool:
    """Return whether distinct texts without equals are made of parts that they share: addresses, paths, sequences.

    Names in one word, random codes, and codes that differ only in their digits are not. Addresses and paths have
    words in common with some of the others, but not with all of them. Sequences, as of DNA or of a molecule's atoms,
    are long, made of few letters, and hardly have digits.
    """
    if len(texts) < MANY:
        return False
    texts = sorted(texts)[:: -(-len(texts) // MOST_LOOKED_AT)]
    return _share_words(texts) or _are_sequences(texts)


def _share_words(texts: Sequence[str]) -> bool:
    words = [{word for word in _BETWEEN_WORDS.split(text.casefold()) if _is_word(word)} for text in texts]
    counts = Counter(word for some in words for word in some)
    shared = {word for word, count in counts.items() if 1 < count < SHARE_IN_ALL * len(texts)}
    return sum(not some.isdisjoint(shared) for some in words) >= SHARE_OF_COMPOSED * len(texts)


def _is_word(part: str) -> bool:
    return len(part) >= SHORTEST_WORD and part.isalpha()


def _are_sequences(texts: Sequence[str]) -> bool:
    characters = Counter("".join(texts).casefold())
    letters = np.array([count for character, count in characters.items() if character.isalpha()], dtype=np.float64)
    n_digits = sum(count for character, count in characters.items() if character.isdigit())
    length = characters.total() / len(texts)
    if not len(letters) or length < SEQUENCE_LENGTH or n_digits > MOST_DIGITS * characters.total():
        return False
    if length >= LONG_WORD and letters.sum() == characters.total():
        return True
    shares = letters / letters.sum()
    written = {_DIGITS.sub("0", text) for text in texts}
    return bool(-(shares * np.log2(shares)).sum() < FEWEST_BITS and len(written) > 0.5 * len(texts))


def _n_words(text: str) -> int:
    """Return how many words a text has; what has as many digits as letters, as codes and numbers do, is none.

    Where words are written without spaces, two letters count as one.
    """
    if not text.isascii() and (letters := len(_WITHOUT_SPACES.findall(text))):
        return letters // 2
    return sum(sum(map(str.isalpha, part)) > sum(map(str.isdigit, part)) for part in text.split())
