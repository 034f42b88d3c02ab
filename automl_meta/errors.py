"""Errors that a user can do something about."""

LONGEST_QUOTE = 120  # characters of a name or cell in a message


def quoted(value: object) -> str:
    """Return a name or cell for a message: in quotes, and cut if it is long."""
    text = str(value)
    return repr(value) if len(text) <= LONGEST_QUOTE else repr(f"{text[:LONGEST_QUOTE]}...")


class InputError(ValueError):
    """What the user gave cannot be used; the text says what was wrong, where, and what to do.

    The command line prints it without a traceback and exits with code 2. Subclasses hand all their fields to
    ``super().__init__`` so that they survive the way back from a worker process.
    """


class MissingExtraError(InputError):
    """An optional package is needed and not installed."""
