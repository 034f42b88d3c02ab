"""What the name of an extractor says of the meta-features that it made."""

import re

OURS = re.compile(r"(\d+)-[0-9a-f]{8}")  # how our own names itself, its version first


def is_up_to_date(extractor: str) -> bool:
    """Return whether our extractor would say the same today; what others found out is taken as it is."""
    from automl_meta.metafeatures.extractor import VERSION  # slow to import

    ours = OURS.fullmatch(extractor)
    return ours is None or int(ours[1]) == VERSION


def worth(extractor: str) -> int:
    """Return a number that is larger for meta-features that are to be preferred.

    First those of our extractor as it is today; then those of others, which may have fewer; last those of another
    version of ours, which nothing is learned from.
    """
    if not is_up_to_date(extractor):
        return 0
    return 2 if OURS.fullmatch(extractor) else 1
