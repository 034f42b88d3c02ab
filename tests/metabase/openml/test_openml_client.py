from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openml_server import CODES, Faults, LocalServer, error_json, error_xml
from openml_world import World

from automl_meta.errors import InputError
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
from automl_meta.metabase.openml.selection import Selection, select_tasks


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


def test_that_there_is_no_result_is_asked_again_after_waits_that_grow(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, server, (412, error_xml(542)))
    slept = Slept()
    client_of(server, slept, ends=4).fetch("study/99", read_suite)
    pauses, waits = slept[::2], slept[1::2]
    assert (set(pauses), len(waits)) == ({0.25}, 3)
    for number, wait in enumerate(waits):
        assert 0.5 <= wait / (0.25 * 2.0 ** (number + 1)) <= 1.5


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


def test_a_table_comes_as_arff_where_the_parquet_file_does_not_come(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, slept = server.content, Slept()
    monkeypatch.setattr(server, "content", lambda path: (503, b"") if path.endswith(".pq") else whole(path))
    file = Archive(PageCache(tmp_path, server.url), client_of(server, slept)).table(described(server))
    assert file.suffix == ".arff"
    assert server.paths == ["/nowhere/2.pq"] * 5 + ["/data/download/2/dataset.arff"]
    assert sum(slept) < 60  # seconds


def test_a_whole_file_that_cannot_be_read_is_given_up_soon(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = server.content
    odd = (200, b"PAR1" + bytes(100) + b"PAR1")
    monkeypatch.setattr(server, "content", lambda path: odd if path.endswith(".pq") else whole(path))
    archive = Archive(PageCache(tmp_path, server.url), client_of(server, Slept()))
    assert archive.table(described(server)).suffix == ".arff"
    changed = replace(described(server, parquet_url=""), dataset_id=3, md5="0" * 32)
    with pytest.raises(RefusedError, match="checksum is another one, and the same comes each time"):
        archive.table(changed)
    assert server.paths == ["/nowhere/2.pq"] * 3 + ["/data/download/2/dataset.arff"] * 4


def test_an_error_page_in_place_of_a_table_is_not_taken_for_one(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = described(server, parquet_url="")
    whole = server.content("/data/download/2/dataset.arff")
    answers(monkeypatch, server, *[(200, b"<!DOCTYPE html><html>Down for maintenance</html>")] * 6, whole)
    file = Archive(PageCache(tmp_path, server.url), client_of(server, Slept())).table(dataset)
    assert file.read_bytes() == whole[1]


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


def test_a_list_that_was_empty_is_asked_for_again(
    server: LocalServer, small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = next(number for number, task in small_world.tasks.items() if task.is_classification)
    query = Query(task_id=number, measure="predictive_accuracy")
    cache = PageCache(tmp_path, server.url)
    online, offline = Archive(cache, client_of(server, Slept())), Archive(cache, None)
    with monkeypatch.context() as overloaded:
        answers(overloaded, server, (412, error_xml(542)))
        assert list_evaluations(online, query, {}).rows == {}
    assert list_evaluations(offline, query, {}).rows == {}
    rows = list_evaluations(online, query, {}).rows.keys()
    assert len(rows) >= 60
    asked = len(server.paths)
    for archive in (online, offline):
        assert list_evaluations(archive, query, {}).rows.keys() == rows
    assert len(server.paths) == asked  # that a list ends is believed


def test_a_dataset_that_had_no_tasks_is_asked_for_again(server: LocalServer, tmp_path: Path) -> None:
    archive = Archive(PageCache(tmp_path, server.url), client_of(server, Slept()))
    for _ in range(2):
        asked = len(server.paths)
        with pytest.raises(InputError, match="no supervised task on dataset 1"):
            select_tasks(archive, Selection(datasets=(1,)))
        assert len(server.paths) > asked
    known = Selection(datasets=(next(iter(server.world.datasets)),))
    tasks = select_tasks(archive, known)
    asked = len(server.paths)
    assert select_tasks(archive, known) == tasks
    assert len(server.paths) == asked


class Shuffled:
    """Stands for an archive of a server whose lists have another order each time."""

    client = None

    def __init__(self, rows: list[Evaluation], random: Any) -> None:
        self._rows, self._random = rows, random

    def get(
        self, path: str, parse: object, variant: int = 0, *, may_be_empty: bool = False
    ) -> list[Evaluation] | None:
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
