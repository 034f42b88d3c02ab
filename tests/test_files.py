import os
import shlex
import threading
from pathlib import Path

import pytest

from automl_meta.errors import InputError
from automl_meta.files import check_writable, replacing, table_name


def write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def test_a_link_stays_and_leads_to_its_file(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "elsewhere" / "file"
    link.symlink_to(file)
    with pytest.raises(InputError, match="elsewhere"):
        check_writable(link)
    file.parent.mkdir()
    write(link, b"content")
    assert link.is_symlink()
    assert file.read_bytes() == b"content"
    assert list(file.parent.iterdir()) == [file]


def test_command_that_makes_the_folder_can_be_typed(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        check_writable(tmp_path / "my models" / "churn.automl")
    assert shlex.split(str(error.value).partition("Try: ")[2]) == ["mkdir", "-p", str(tmp_path / "my models")]


def test_a_pipe_stays_one_and_gets_the_content(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"content")
    reader.join()
    assert pipe.is_fifo()
    assert read == [b"content"]
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_pipe_gets_nothing_where_writing_fails(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ZeroDivisionError), replacing(pipe):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == [pipe]


def test_names_of_files_that_are_no_text_are_made_one() -> None:
    assert table_name(os.fsdecode(b"caf\xe9.csv")) == "caf\N{REPLACEMENT CHARACTER}"
    assert table_name("café.csv.gz") == "café"
