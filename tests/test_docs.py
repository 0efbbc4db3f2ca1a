"""The pages of the documentation: each example gives what the page shows, and each page is in the table of contents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import tables

from . import pages

DOCS = pages.ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_examples_of_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    failed, _ = pages.run(page, told.append)
    assert failed == 0, "".join(told)


def test_a_block_that_nothing_tests_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 2: a block of sh that nothing tests"):
        list(pages.examples("text\n```sh\nls\n```\n"))


def test_what_a_page_shows_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text('```python title="a.py"\nprint(6 * 7)\n```\n```console\n$ python a.py\n41\n```\n')
    assert pages.run(page, lambda text: None) == (1, 2)
    page.write_text(pages.updated(page.read_text()))
    assert "\n$ python a.py\n42\n" in page.read_text()
    assert pages.run(page, lambda text: None) == (0, 2)


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set(re.findall(r"(\S+\.md)$", (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {page.relative_to(DOCS).as_posix() for page in PAGES}


def test_the_tables_of_the_comparison_are_those_of_the_results() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert page == tables.written(page)
    assert page.count("| --- |") == len(list(tables.RESULTS.glob("programs-*.json"))) + 2
