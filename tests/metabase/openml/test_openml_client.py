from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openml_server import CODES, Faults, LocalServer, error_json, error_xml

from automl_meta.metabase.openml.archive import Archive
from automl_meta.metabase.openml.cache import Page, PageCache
from automl_meta.metabase.openml.client import NO_RESULT, Client, Patience, RefusedError, UnavailableError
from automl_meta.metabase.openml.formats import (
    DatasetDescription,
    Evaluation,
    MalformedError,
    error_code,
    read_dataset_description,
    read_suite,
)
from automl_meta.metabase.openml.listing import Query, list_evaluations


class Slept(list[float]):
    """Waits nothing, and remembers for how long it should have."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client_of(server: LocalServer, slept: Slept, **given: Any) -> Client:
    return Client(server.url, patience=Patience(**({"pause": 0.25} | given)), sleep=slept)


def answers(monkeypatch: pytest.MonkeyPatch, server: LocalServer, *contents: tuple[int, bytes]) -> None:
    """Let the server give these, one after the other, and the last one from then on."""
    left = list(contents)
    monkeypatch.setattr(server, "content", lambda path: left.pop(0) if len(left) > 1 else left[0])


def test_waits_grow_with_chance_in_them_and_have_an_end(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, server, (503, b""))
    slept = Slept()
    with pytest.raises(UnavailableError, match="no proper answer in 12 attempts; last: status 503"):
        client_of(server, slept, attempts=12, first=1.0, most=60.0).fetch("study/99", read_suite)
    pauses, waits = slept[::2], slept[1::2]
    assert set(pauses) == {0.25}
    for number, wait in enumerate(waits):
        middle = min(2.0**number, 60.0)
        assert 0.5 * middle <= wait <= 1.5 * middle
    assert len({wait / min(2.0**number, 60.0) for number, wait in enumerate(waits)}) > 6
    assert len(server.paths) == 12


@pytest.mark.parametrize(
    "content",
    [
        (412, error_xml(107)),
        (500, b"Internal Server Error"),
        (502, b"<html>Bad Gateway</html>"),
        (412, b"<html>what</html>"),
        (404, b""),
        (200, b"<!DOCTYPE html><html></html>"),
        (200, b'<oml:study xmlns:oml="http://openml.org/openml"><oml:tasks><oml:task_id>10'),
        (200, error_xml(542)),
    ],
    ids=lambda content: repr(content)[:30],
)
def test_what_may_pass_is_asked_for_again(
    content: tuple[int, bytes], server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = server.content("/api/v1/xml/study/99")
    answers(monkeypatch, server, content, content, whole)
    client = client_of(server, Slept())
    page, tasks = client.fetch("study/99", read_suite)
    assert (page.code, tasks) == (0, read_suite(whole[1]))
    assert client.traffic.requests == 3
    assert client.traffic.failures.total() == 2


@pytest.mark.parametrize("code", sorted(NO_RESULT))
def test_no_result_is_believed_when_it_is_said_often_enough(
    code: int, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, server, (412, error_xml(code)))
    page, tasks = client_of(server, Slept(), ends=4).fetch("study/99", read_suite)
    assert (page.code, tasks, len(server.paths)) == (code, None, 4)


def test_a_page_wins_against_a_server_that_says_there_is_none(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = server.content("/api/v1/xml/study/99")
    answers(monkeypatch, server, (412, error_xml(542)), (412, error_json(542)), (412, error_xml(512)), whole)
    _, tasks = client_of(server, Slept(), ends=3).fetch("study/99", read_suite)
    assert tasks == read_suite(whole[1])


@pytest.mark.parametrize("code", sorted(set(CODES) - NO_RESULT - {107}))
def test_refusals_are_believed_when_they_are_said_often_enough(
    code: int, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, server, (412, error_xml(code)))
    with pytest.raises(RefusedError, match="more was asked for than the server gives"):
        client_of(server, Slept(), refusals=3).fetch("study/99", read_suite)
    assert len(server.paths) == 3


def test_codes_are_read_from_xml_and_from_json() -> None:
    assert error_code(error_xml(542)) == error_code(error_json(542)) == 542
    assert error_code(b"<html/>") is None
    assert error_code(b"") is None
    assert error_code(b'{"error": 5}') is None


def test_a_response_without_end_is_refused(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, server, (200, b"x" * 200_000))
    with pytest.raises(UnavailableError, match="too large"):
        client_of(server, Slept(), largest=100_000, attempts=2).fetch("study/99", read_suite)


def test_a_server_that_says_nothing_is_given_up(server: LocalServer) -> None:
    server.faults = Faults(slow=1.0, seconds=5.0)
    with pytest.raises(UnavailableError, match="ReadTimeout"):
        client_of(server, Slept(), attempts=1, timeout=(0.2, 0.2)).fetch("study/99", read_suite)


def test_the_key_goes_to_its_server_only(server: LocalServer) -> None:
    with LocalServer(server.world) as other:
        client = Client(server.url, key="k3y", patience=Patience(pause=0.0), sleep=Slept())
        client.download(f"{other.root}/data/download/2/dataset.arff", lambda body: None)
        assert (server.keys, other.keys) == (set(), set())
        client.fetch("study/99", read_suite)
        assert (server.keys, other.keys) == ({"k3y"}, set())


def test_a_file_that_is_not_what_it_should_be_is_asked_for_again(server: LocalServer) -> None:
    seen = []

    def check(body: bytes) -> None:
        seen.append(body)
        if len(seen) < 3:
            raise MalformedError("not yet")

    client = client_of(server, Slept())
    client.download(f"{server.root}/data/download/2/dataset.arff", check)
    assert len(seen) == 3


def described(server: LocalServer, **urls: str) -> DatasetDescription:
    known = read_dataset_description(server.content("/api/v1/xml/data/2")[1])
    return replace(known, **({"parquet_url": f"{server.root}/nowhere/2.pq"} | urls))


def test_a_table_comes_as_arff_where_the_parquet_file_is_gone(server: LocalServer, tmp_path: Path) -> None:
    dataset, slept = described(server), Slept()
    cache = PageCache(tmp_path, server.url)
    file = Archive(cache, client_of(server, slept)).table(dataset)
    assert file.suffix == ".arff"
    assert server.paths == ["/nowhere/2.pq"] * 3 + ["/data/download/2/dataset.arff"]
    assert sum(slept) < 10  # seconds, not the hour of one that may come back
    assert Archive(cache, None).table(dataset) == file


@pytest.mark.parametrize("url", ["", "s3://bucket/2.arff", "nowhere/2.arff", "{root}/nowhere/2.arff"])
def test_a_table_that_is_nowhere_is_given_up_soon(server: LocalServer, tmp_path: Path, url: str) -> None:
    dataset = described(server, url=url.format(root=server.root), parquet_url="")
    with pytest.raises(RefusedError):
        Archive(PageCache(tmp_path, server.url), client_of(server, Slept())).table(dataset)
    assert len(server.paths) <= 3


def test_pages_come_back_as_they_went_in(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, "https://user:secret@www.openml.org/api/v1/xml")
    assert cache.folder == tmp_path / "www.openml.org"
    for variant, page in enumerate((Page(b"", 542), Page(b"\x00\n\xff" * 1000), Page("é\n".encode()))):
        cache.put("evaluation/x", page, variant)
    assert [cache.get("evaluation/x", variant) for variant in range(4)] == [
        Page(b"", 542),
        Page(b"\x00\n\xff" * 1000),
        Page("é\n".encode()),
        None,
    ]


class Shuffled:
    """Stands for an archive of a server whose lists have another order each time."""

    client = None

    def __init__(self, rows: list[Evaluation], random: Any) -> None:
        self._rows, self._random = rows, random

    def get(self, path: str, parse: object, variant: int = 0) -> list[Evaluation] | None:
        words = path.split("/")
        limit, offset = int(words[words.index("limit") + 1]), int(words[words.index("offset") + 1])
        order = self._random.sample(self._rows, len(self._rows))
        return order[offset : offset + limit] or None


@settings(max_examples=60, deadline=None)
@given(n_rows=st.integers(0, 60), page_size=st.integers(5, 40), random=st.randoms(use_true_random=False))
def test_a_list_without_order_is_complete_or_says_that_it_is_not(n_rows: int, page_size: int, random: Any) -> None:
    rows = [Evaluation(i, 1 + i % 2, 1, 1, "weka.J48(1)", "kappa", 0.5, 0, ()) for i in range(n_rows)]
    archive: Any = Shuffled(rows, random)
    listing = list_evaluations(archive, Query(task_id=1, measure="kappa"), {}, page_size=page_size)
    found = sorted(row.run_id for row in listing.rows.values())
    assert len(set(found)) == len(found)
    assert listing.complete == (found == list(range(n_rows)))
