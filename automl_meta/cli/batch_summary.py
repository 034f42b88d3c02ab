"""What came of a batch: a table, JUnit XML, annotations for GitHub Actions."""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.text import Text

from automl_meta.cli.batch_running import JobResult
from automl_meta.cli.output import number, plain_table
from automl_meta.files import replacing

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
EXIT_CODES = {"ok": 0, "missed": 1, "failed": 2}
COLOURS = {"ok": "green", "missed": "yellow", "failed": "red"}


def exit_code(results: Sequence[JobResult]) -> int:
    """Return 2 if a job failed, else 1 if a gate was missed, else 0."""
    return max((EXIT_CODES[result.status] for result in results), default=0)


def one_line(result: JobResult) -> str:
    """Return what is said when a job ends."""
    score = f", {result.metric} {number(result.score)} ± {number(result.score_error)}" if result.metric else ""
    reasons = "; ".join(result.missed) or result.message.partition("\n")[0]
    when = "done earlier" if result.resumed else f"{result.seconds:.0f} s"
    return f"{result.name}: {result.status}{score} ({when}){': ' + reasons if reasons else ''}"


def print_table(console: Console, results: Sequence[JobResult]) -> None:
    """Print one row a job."""
    table = plain_table("job", "status", "metric", "score", "±", "seconds", "why", right=("score", "±", "seconds"))
    for result in results:
        status = Text.assemble((result.status, COLOURS[result.status]), " (earlier)" if result.resumed else "")
        why = "; ".join(result.missed) or result.message
        score, error = number(result.score), number(result.score_error)
        table.add_row(result.name, status, result.metric, score, error, number(result.seconds, 1), why)
    console.print(table)
    counts = {status: sum(result.status == status for result in results) for status in EXIT_CODES}
    console.print(", ".join(f"{count} {status}" for status, count in counts.items()))


def write_junit(path: Path, results: Sequence[JobResult]) -> None:
    """Write the results as JUnit XML: a missed gate is a failure, a failed job an error."""
    suite = ElementTree.Element(
        "testsuite",
        name="automl-meta batch",
        tests=str(len(results)),
        failures=str(sum(result.status == "missed" for result in results)),
        errors=str(sum(result.status == "failed" for result in results)),
        time=f"{sum(result.seconds for result in results):.2f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname="automl-meta", name=result.name, time=f"{result.seconds:.2f}"
        )
        if result.status == "missed":
            text = "\n".join(result.missed)
            ElementTree.SubElement(case, "failure", message=_xml(result.missed[0])).text = _xml(text)
        elif result.status == "failed":
            first = result.message.partition("\n")[0]
            ElementTree.SubElement(case, "error", message=_xml(first)).text = _xml(result.message)
    with replacing(path) as temporary:
        ElementTree.ElementTree(suite).write(temporary, encoding="utf-8", xml_declaration=True)


def annotation(result: JobResult) -> str | None:
    """Return a line that GitHub Actions shows beside the run; None for a job that is well."""
    if result.status == "ok":
        return None
    text = "\n".join(result.missed) or result.message
    title = f"{result.name}: {'a gate was missed' if result.status == 'missed' else 'failed'}"
    return f"::error title={_escaped(title).replace(':', '%3A').replace(',', '%2C')}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
