"""Names as people type several of them: repeated, or separated by commas, which names may hold themselves."""

from collections.abc import Collection, Iterable


def names_in(texts: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Return the names that are listed in `texts`, each once, in order.

    Each text is one name if it is among the `known`, and otherwise one or several that are separated by commas; these
    may be unknown.
    """
    names: list[str] = []
    for text in texts:
        names += [text] if text in known else [part.strip() for part in text.split(",") if part.strip()]
    return tuple(dict.fromkeys(names))
