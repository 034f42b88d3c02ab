"""Free text: hashed character n-grams, weighted by rarity, reduced to a few dense numbers."""

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import Ridge
from sklearn.utils.extmath import randomized_svd

from automl_meta.pipelines.encoders.cross_fitting import Target, inner_folds, target_columns
from automl_meta.pipelines.encoders.remembering import Memory, digest
from automl_meta.seeding import generator

Floats = NDArray[np.float64]

N_HASHES = 2**18
MOST_N_GRAMS = 5000  # the most frequent are kept
LONGEST_TEXT = 1000  # characters that are looked at
PENALTY = 1.0  # of the ridge regression from n-grams to the target; rows have length one
MOST_ROWS = 20_000  # that one such regression is fitted to

# Candidates, folds and the members of an ensemble read the same columns again and again.
_MEMORY = Memory(64 * 2**20)


class TextEncoder(BaseEstimator):  # type: ignore[misc]
    """Turn one column of strings into a few numbers; a missing text is an empty one.

    Latent semantic analysis of character n-grams: counts times inverse document frequency, rows of length one, then a
    truncated singular value decomposition, in units of the training rows' size. N-grams that were not kept or not
    seen count in the length, so that strange texts come out small.

    The components say what most texts are about, and not what matters: the few n-grams that tell a first name may be
    in none of them. So where the target is given, what a ridge regression on the n-grams predicts comes beside them,
    a column for each class if there are more than two. Training rows are predicted by the other folds' rows, so that
    no row sees its own target.

    Parameters
    ----------
    n_components : int
        Of the decomposition, at most.
    n_classes : int
        0 for regression.
    n_folds : int
        Inner folds; fewer where there are fewer rows.
    max_classes : int
        Most columns of predictions, for the most frequent classes.
    seed : int
        Of the randomised decomposition, the inner folds, and the rows that are regressed on if they are many.
    """

    def __init__(
        self, n_components: int = 30, seed: int = 0, n_classes: int = 0, n_folds: int = 5, max_classes: int = 10
    ) -> None:
        self.n_components = n_components
        self.seed = seed
        self.n_classes = n_classes
        self.n_folds = n_folds
        self.max_classes = max_classes

    def fit_transform(
        self, texts: NDArray[np.object_], y: Target | None = None, groups: NDArray[np.int64] | None = None
    ) -> Floats:
        """Learn from `texts` of shape (n_rows,), strings or None; return components and cross-fitted predictions.

        Rows with the same number in `groups` see none of each other's targets, if there are several groups.
        """
        counts = _n_grams(_cleaned(texts))
        frequency = np.bincount(counts.indices, minlength=N_HASHES)
        least = 2 if (frequency > 1).any() else 1
        order = np.argsort(-frequency, kind="stable")[:MOST_N_GRAMS]
        self.kept_ = np.sort(order[frequency[order] >= least])
        self.rarity_ = np.log((1 + len(texts)) / (1 + frequency[self.kept_])) + 1
        self.other_rarity_ = float(np.log((1 + len(texts)) / 2) + 1)
        weighted = self._weighted(counts)
        n_components = min(self.n_components, *weighted.shape)
        self.directions_ = np.zeros((len(self.kept_), 0))
        if n_components:
            decomposition = randomized_svd(weighted, n_components, n_iter=4, random_state=self.seed)
            self.directions_ = decomposition[2].T
        components: Floats = weighted @ self.directions_
        self.size_ = float(np.sqrt((components**2).sum(axis=1).mean())) or 1.0
        components = components / self.size_
        self.slopes_ = np.zeros((len(self.kept_), 0))
        if y is None or not len(self.kept_):
            return components
        return np.hstack([components, self._fit_slopes(weighted, y, groups)])

    def fit(self, texts: NDArray[np.object_], y: Target | None = None) -> Self:
        """Learn from `texts` of shape (n_rows,)."""
        self.fit_transform(texts, y)
        return self

    def transform(self, texts: NDArray[np.object_]) -> Floats:
        """Return the components, and the predictions if there was a target, of shape (n_rows, n_columns)."""
        weighted = self._weighted(_n_grams(_cleaned(texts)))
        components: Floats = weighted @ self.directions_ / self.size_
        return np.hstack([components, weighted @ self.slopes_])

    def _fit_slopes(self, weighted: sparse.csr_matrix, y: Target, groups: NDArray[np.int64] | None) -> Floats:
        """Learn to predict the target; return the cross-fitted predictions, in units of its deviation.

        So what says little stays small.
        """
        random = generator(self.seed, "text and target")
        targets = target_columns(y, self.n_classes, self.max_classes)
        folds = inner_folds(y, self.n_classes, self.n_folds, groups, random)
        predicted = np.zeros_like(targets)
        for fold in range(folds.max() + 1):
            inside = folds == fold
            if not inside.all():
                predicted[inside] = weighted[inside] @ _slopes(weighted[~inside], targets[~inside], random)
        spread = targets.std(axis=0)
        unit = np.where(spread > 0.0, spread, 1.0)
        self.slopes_ = _slopes(weighted, targets, random) / unit
        return np.asarray(predicted / unit)

    def _weighted(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        kept = counts[:, self.kept_]
        other = _squares(counts) - _squares(kept)
        kept = kept.multiply(self.rarity_).tocsr()
        lengths = np.sqrt(_squares(kept) + other * self.other_rarity_**2)
        return sparse.diags(1 / np.where(lengths > 0, lengths, 1.0)) @ kept


def _slopes(weighted: sparse.csr_matrix, targets: Floats, random: np.random.Generator) -> Floats:
    """Return the coefficients of a ridge regression, of shape (n_n_grams, n_targets), without the intercepts."""
    if len(targets) > MOST_ROWS:
        rows = np.sort(random.choice(len(targets), MOST_ROWS, replace=False))
        weighted, targets = weighted[rows], targets[rows]
    ridge = Ridge(alpha=PENALTY, solver="sparse_cg", tol=1e-4).fit(weighted, targets)
    return np.asarray(ridge.coef_, dtype=np.float64).reshape(targets.shape[1], -1).T


def _squares(rows: sparse.csr_matrix) -> Floats:
    """Return the sum of squares of each row."""
    return np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64).ravel()


def _cleaned(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return what is looked at of the texts, a missing one being empty."""
    cleaned = np.empty(len(texts), dtype=object)
    cleaned[:] = [text[:LONGEST_TEXT] if isinstance(text, str) else "" for text in texts]
    return cleaned


def _n_grams(texts: NDArray[np.object_]) -> sparse.csr_matrix:
    """Return how often each n-gram is in each text: counted once for equal texts, and nothing is learned."""
    return _MEMORY.recall(
        digest(texts), lambda: _counted(texts), lambda counts: int(counts.data.nbytes + counts.indices.nbytes)
    )


def _counted(texts: NDArray[np.object_]) -> sparse.csr_matrix:
    vectorizer = HashingVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), n_features=N_HASHES, alternate_sign=False, norm=None
    )
    codes, distinct = pd.factorize(texts)
    return vectorizer.transform(distinct)[codes]
