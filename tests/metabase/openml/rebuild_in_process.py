"""A rebuild in a process of its own, for tests that kill it: SERVER CACHE OUTPUT."""

import sys
from pathlib import Path

from automl_meta.metabase.openml.archive import Archive
from automl_meta.metabase.openml.cache import PageCache
from automl_meta.metabase.openml.client import Client, Patience
from automl_meta.metabase.openml.rebuild import RebuildOptions, rebuild
from automl_meta.metabase.openml.selection import Selection

PATIENCE = Patience(pause=0.0, first=0.0, most=0.0, attempts=200, refusals=6, ends=5, timeout=(5.0, 5.0))
MEASURES = ("area_under_roc_curve", "predictive_accuracy", "root_mean_squared_error")
OPTIONS = RebuildOptions(selection=Selection(suites=("cc18",)), measures=MEASURES, page_size=100)


def main(server: str, cache: str, output: str) -> None:
    client = Client(server, patience=PATIENCE, sleep=lambda seconds: None)
    rebuild(Path(output), OPTIONS, Archive(PageCache(Path(cache), server), client))


if __name__ == "__main__":
    main(*sys.argv[1:])
