"""Feed damaged files to all that reads files, for some minutes; anything but a clear refusal is a finding.

    python benchmarks/fuzz_readers.py --seconds 600

Good tables (CSV, TSV, JSON lines, ARFF, Parquet, gzip of CSV), a model file and TOML are damaged at random: bytes
flipped, cut, doubled, exchanged with those of another file, or words put in that readers stumble over. A reader may
succeed or raise `InputError` with a message of one screen; all else is printed with the seed that makes it again, and
the exit code is 1.
"""

import argparse
import gzip
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.cli.batch_jobs import read_batch
from automl_meta.cli.fit import fit
from automl_meta.datasets import make_dataset, read_dataset
from automl_meta.datasets.streaming import open_pieces
from automl_meta.errors import InputError
from automl_meta.persistence import load_model, read_contents, save_model
from automl_meta.reporting.html import render_report

MOST_LINES, MOST_CHARACTERS = 25, 4_000  # of a message: one screen
WORDS = (
    *(b"", b"\0", b'"', b"'", b"\n", b"\r\n", b",", b";", b"\t", b"?", b"=", b"{", b"[" * 5000),
    *(b"nan", b"inf", b"-1e309", b"1" * 400, b"99999999999999999999999", b"true", b"1979-05-27"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xf0\x9f\x92\xa9", b"PK\x03\x04", b"PAR1", b"\x1f\x8b"),
    *(b"@data\n", b"[[job]]\n", b"__reduce__", b"../../x"),
)


def good_files(folder: Path) -> dict[str, bytes]:
    """Return small files of every kind."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "number": random.normal(size=60).round(3),
            "price": [f"${value:,.2f}" for value in random.gamma(2, 800, 60)],
            "level": random.choice(["red", "green", "blue", ""], 60),
            "day": pd.date_range("2020-01-01", periods=60).strftime("%Y-%m-%d"),
            "text": [f'a "{word}", then more words' for word in random.choice(["x", "y"], 60)],
            "target": random.choice(["yes", "no"], 60),
        }
    )
    numbers = table[["number", "target"]]
    arff = "@relation r\n@attribute number numeric\n@attribute target {yes,no}\n@data\n" + numbers.to_csv(
        index=False, header=False
    )
    table.to_parquet(folder / "t.parquet")
    options = RunOptions(time_budget=None, max_evaluations=1, top_k=1, jobs=0, include=("decision_tree",))
    save_model(folder / "m.automl", run(make_dataset(table, "target"), options).model)
    csv = table.to_csv(index=False).encode()
    return {
        "t.csv": csv,
        "t.tsv": table.to_csv(index=False, sep="\t").encode(),
        "t.jsonl": table.to_json(orient="records", lines=True).encode(),
        "t.arff": arff.encode(),
        "t.csv.gz": gzip.compress(csv),
        "t.parquet": (folder / "t.parquet").read_bytes(),
        "m.automl": (folder / "m.automl").read_bytes(),
        "jobs.toml": b'time-budget = 9\n[defaults]\nseed = 1\n[[job]]\ndata = "x.csv"\nmin-score = ["auc=0.5"]\n',
    }


def damaged(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Return `content` with one to six damages."""
    changed = bytearray(content)
    for _ in range(int(random.integers(1, 7))):
        at = int(random.integers(0, len(changed) + 1))
        length = int(random.choice([1, 2, 8, 64, 512]))
        match int(random.integers(0, 6)):
            case 0:
                changed[at : at + 1] = random.bytes(1)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length]
            case 3:
                changed[at:at] = WORDS[int(random.integers(len(WORDS)))]
            case 4:
                changed[at : at + length] = other[at : at + length]
            case _:
                del changed[at:]
    return bytes(changed)


def readers(folder: Path) -> dict[str, Callable[[Path], object]]:
    """Return, by a file's ending, what reads it."""
    schema = load_model(folder / "m.automl").schema

    def table(path: Path) -> None:
        read_dataset(path, "target")

    def pieces(path: Path) -> None:
        with open_pieces(path, schema, streamed_from=0) as opened:
            for _ in opened.pieces:
                pass

    def model(path: Path) -> None:
        load_model(path)
        render_report(*read_contents(path))

    return {
        "table": table,
        "pieces": pieces,
        "model": model,
        "toml": lambda path: read_batch(path, fit, 1),
    }


def finding(read: Callable[[Path], object], path: Path) -> str | None:
    """Return what is wrong with how a file was taken; None if nothing."""
    try:
        read(path)
    except InputError as error:
        text = str(error)
        if len(text) > MOST_CHARACTERS or len(text.splitlines()) > MOST_LINES:
            return f"a message of {len(text)} characters"
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001  this is what is looked for
        return traceback.format_exc(limit=-4)
    return None


def main() -> None:
    """Fuzz until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = good_files(folder)
        reading = readers(folder)
        work = folder / "work"
        work.mkdir()
        end = time.monotonic() + asked.seconds
        number, tried = asked.seed, Counter[str]()
        while time.monotonic() < end:
            random = np.random.default_rng(number)
            names = list(good)
            kind, other = names[number % len(names)], names[int(random.integers(len(names)))]
            path = work / kind
            path.write_bytes(damaged(good[kind], good[other], random))
            wanted = ["model"] if kind == "m.automl" else ["toml"] if kind == "jobs.toml" else ["table", "pieces"]
            for reader in wanted:
                tried[reader] += 1
                problem = finding(reading[reader], path)
                if problem is not None:
                    found[problem.strip().splitlines()[-1][:200]] += 1
                    if found[problem.strip().splitlines()[-1][:200]] == 1:
                        print(f"--- {reader} of {kind}, seed {number}\n{problem}", flush=True)
            left = [entry.name for entry in work.iterdir() if entry != path]
            if left:
                found[f"files left behind: {left}"] += 1
            path.unlink()
            number += 1
    print(f"{sum(tried.values()):,} files read ({dict(tried)}), {sum(found.values())} findings of {len(found)} kinds")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
