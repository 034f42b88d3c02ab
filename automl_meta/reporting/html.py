"""The report: one HTML file that needs nothing but a browser."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from automl_meta.errors import InputError
from automl_meta.files import replacing
from automl_meta.reporting.page import TestResult, page
from automl_meta.reporting.svg import shortened
from automl_meta.reporting.words import plain_number


class ReportError(InputError):
    """What a model file stores cannot be drawn."""


def render_report(
    manifest: Mapping[str, Any],
    report: Mapping[str, Any],
    *,
    warnings: Sequence[str] = (),
    test: TestResult | None = None,
) -> str:
    """Return the report as an HTML page without a reference to anything outside it.

    Parameters
    ----------
    manifest, report : mapping
        As a model file stores them; all texts in them are escaped.
    warnings : sequence of str
        What is to be said beside the summary.
    test : TestResult, optional
        Shown as a section of its own.

    Raises
    ------
    ReportError
        If the contents are not what a model file stores.
    """
    environment = _environment()
    try:
        content = page(manifest, report, warnings=warnings, test=test)
        return environment.get_template("report.html").render(page=content, style=_style())
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, TemplateError) as error:
        raise ReportError(
            f"the report cannot be drawn from what this model file stores ({type(error).__name__}). Try to fit again."
        ) from error


def render_batch(title: str, jobs: Sequence[Mapping[str, Any]]) -> str:
    """Return the results of a batch as an HTML page.

    Parameters
    ----------
    jobs : sequence of mapping
        Name, status (``ok``, ``missed`` or ``failed``), metric, score, score_error, seconds, missed, message, resumed
        of each job, and the path of its report from where the page will be, or "".
    """
    statuses = [job["status"] for job in jobs]
    counts = [("ok", "good"), ("missed a gate", "bad"), ("failed", "bad")]
    shown = [(name, statuses.count(name.partition(" ")[0]), kind) for name, kind in counts]
    template = _environment().get_template("batch.html")
    return template.render(title=title, jobs=jobs, counts=shown, style=_style())


def write_report(path: Path, text: str) -> None:
    """Write a report: all of it, or nothing.

    Raises
    ------
    InputError
        If the file cannot be written there.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("automl_meta.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cut"] = shortened
    environment.filters["class_rows"] = _class_rows
    environment.filters["plain"] = plain_number
    return environment


@cache
def _style() -> Markup:
    environment = _environment()
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, "style.css")
    return Markup(source)


def _class_rows(rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (row["class"], f"{row['rows']:,}", *(plain_number(row[name], 3) for name in ("precision", "recall", "f1")))
        for row in rows
    ]
