import copy
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_ensembles import shop_table

from automl_meta.automl.judging import judge
from automl_meta.datasets import Task
from automl_meta.evaluation.diagnosis import diagnose_classes
from automl_meta.persistence import FittedModel, load_model, save_model
from automl_meta.persistence.model import json_ready
from automl_meta.reporting.html import ReportError, render_report, write_report
from automl_meta.reporting.page import SECTIONS, TestResult

Fit = Callable[[Task], FittedModel]
TASKS = pytest.mark.parametrize("task", list(Task))
VOID = {"meta", "link", "br", "img", "input", "hr"}
EVIL = "<script>alert('x')</script>\"'&{{ 7 * 7 }}"


class Outline(HTMLParser):
    """Collects what a page is made of, and checks that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: dict[str, int] = {}
        self.text: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "action", "data", "srcset"):
                self.links.append(value or "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    assert parser._open == []
    return parser


def rendered(model: FittedModel, **more: Any) -> str:
    return render_report(model.manifest, model.report, **more)


@TASKS
def test_every_section_is_there_and_nothing_leads_outside(task: Task, fitted_model: Fit) -> None:
    found = outline(rendered(fitted_model(task)))
    assert found.ids == [anchor for anchor, _ in SECTIONS]
    assert all(link.startswith(("#", "data:")) for link in found.links)
    assert "script" not in found.tags
    assert found.tags["svg"] >= 6


@TASKS
def test_figures_show_finite_numbers_inside_the_picture(task: Task, fitted_model: Fit) -> None:
    page = rendered(fitted_model(task))
    assert not re.search(r'="[^"]*\b(nan|inf)\b', page)
    for place in re.findall(r'cx="([\d.-]+)"', page):
        assert 0 <= float(place) <= 460


@TASKS
def test_summary_is_in_words(task: Task, fitted_model: Fit) -> None:
    text = " ".join(outline(rendered(fitted_model(task))).text)
    assert "On rows that it had not seen" in text
    assert "It relies most on 'amount'" in text or "It relies most on 'colour'" in text
    assert "automl-meta fit shop.csv" in text


def test_a_report_can_be_drawn_from_the_file_alone(fitted_model: Fit, tmp_path: Path) -> None:
    model = fitted_model(Task.BINARY)
    save_model(tmp_path / "x.automl", model)
    read = load_model(tmp_path / "x.automl")
    assert rendered(read) == rendered(model)


@TASKS
def test_results_on_a_test_table_get_a_section(task: Task, fitted_model: Fit) -> None:
    model = fitted_model(task)
    judged = judge(model, shop_table(task, 80))
    minima = {judged.scores[0]["metric"]: -1e9, judged.scores[1]["metric"]: 1e9}
    test = TestResult(
        data="test.csv", rows=judged.rows, scores=judged.scores, diagnosis=judged.diagnosis, minima=minima
    )
    found = outline(rendered(model, test=test))
    assert found.ids[1] == "test"
    text = " ".join(found.text)
    assert "reached: -1e+09" in text
    assert "missed: 1e+09" in text


def replaced(content: Any, old: str, new: str) -> Any:
    if isinstance(content, dict):
        return {key: replaced(value, old, new) for key, value in content.items()}
    if isinstance(content, list):
        return [replaced(value, old, new) for value in content]
    return new if content == old else content


def test_whatever_columns_and_classes_are_called_is_text(fitted_model: Fit) -> None:
    model = fitted_model(Task.BINARY)
    kinds = ("amount", "colour", "yes", "shop", "red", "decision_tree", "meta-base")
    manifest, report = model.manifest, model.report
    for name in kinds:
        manifest, report = replaced(manifest, name, EVIL), replaced(report, name, EVIL)
    found = outline(render_report(manifest, report))
    assert "script" not in found.tags
    assert found.ids == [anchor for anchor, _ in SECTIONS]
    assert any("{{ 7 * 7 }}" in text for text in found.text)


def many_of_everything(model: FittedModel) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return contents with 2,000 columns, 100 classes and 1,000 candidates, half of them failures."""
    manifest, report = copy.deepcopy(dict(model.manifest)), copy.deepcopy(dict(model.report))
    columns = manifest["schema"]["columns"]
    manifest["schema"]["columns"] = [
        {**columns[i % len(columns)], "name": f"a column with quite a long name {i:04}" + "x" * (i % 90)}
        for i in range(2_000)
    ]
    random = np.random.default_rng(0)
    names = [f"class {i} {'of many words ' * (i % 5)}" for i in range(100)]
    probabilities = random.dirichlet(np.ones(100), size=1_500)
    report["diagnosis"] = json_ready(diagnose_classes(random.integers(0, 100, 1_500), probabilities, names))
    manifest["schema"]["classes"] = names
    row = manifest["leaderboard"][0]
    failed = {**row, "score": None, "status": "timeout", "error": "took longer than " + "9" * 300}
    manifest["leaderboard"] = [{**(failed if i % 2 else row), "rank": i} for i in range(1_000)]
    return manifest, report


def test_wide_tables_and_many_classes_do_not_make_it_huge(fitted_model: Fit) -> None:
    page = render_report(*many_of_everything(fitted_model(Task.MULTICLASS)))
    assert outline(page).ids == [anchor for anchor, _ in SECTIONS]
    assert len(page) < 1_500_000


def test_contents_of_an_old_file_still_make_every_section(fitted_model: Fit) -> None:
    manifest = dict(fitted_model(Task.REGRESSION).manifest)
    for name in ("command", "metabase", "tried", "metafeatures", "budget", "folds"):
        manifest.pop(name, None)
    assert outline(render_report(manifest, {})).ids == [anchor for anchor, _ in SECTIONS]


@pytest.mark.parametrize(
    "report",
    [
        {"timeline": 3},
        {"timeline": [{}]},
        {"diagnosis": {"kind": "classes"}},
        {"diagnosis": {"kind": "numbers", "truth": ["x"]}},
        {"inspection": {"importances": [{"column": "a"}]}},
        {"metrics": [1]},
        {"recommendations": [{"brief": "x", "evidence": 1}]},
    ],
)
def test_contents_that_make_no_sense_are_an_error_and_no_traceback(report: dict[str, Any], fitted_model: Fit) -> None:
    with pytest.raises(ReportError, match="cannot be drawn"):
        render_report(fitted_model(Task.BINARY).manifest, report)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with playwright.sync_playwright() as started:
        try:
            opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except playwright.Error:
            pytest.skip("no Chromium")
        yield opened
        opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_without_complaint(
    width: int, scheme: str, browser: Any, fitted_model: Fit, tmp_path: Path
) -> None:
    pages = {task.value: rendered(fitted_model(task)) for task in Task}
    pages["many"] = render_report(*many_of_everything(fitted_model(Task.MULTICLASS)))
    for name, text in pages.items():
        path = tmp_path / f"{name}.html"
        write_report(path, text)
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.on("request", lambda request, said=said: said.append(request.url))
        page.goto(path.as_uri())
        assert [text for text in said if not text.startswith(("file:", "data:"))] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width, "nothing sticks out"
        for anchor, _ in SECTIONS:
            assert page.locator(f"#{anchor}").is_visible()
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 200) == (scheme == "dark")
        page.close()
