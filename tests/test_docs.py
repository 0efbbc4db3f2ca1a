"""The pages of the documentation: each example gives what the page shows, and each page is in the table of contents."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import follow
from docs import make_screenshots, tables
from follow.config import EXTRA_FIELDS

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


def test_a_second_that_begins_meanwhile_makes_no_difference() -> None:
    row = " shop.py:6 │ ┌ cost(fruit='pear')\n"
    assert pages.steady(f"15:56:47{row}") == pages.steady(f"        {row}") == row.lstrip()
    assert pages.steady("at 15:56:47\n") == "at <time>\n"


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set(re.findall(r"(\S+\.md)$", (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {page.relative_to(DOCS).as_posix() for page in PAGES}


def test_the_tables_of_the_comparison_are_those_of_the_results() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert page == tables.written(page)
    assert page.count("| --- |") == len(list(tables.RESULTS.glob("programs-*.json"))) + 2


def _text_of(picture: str) -> str:
    elements = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    text = "".join(element.text or "" for element in elements).replace("\xa0", " ")
    return re.sub(r"\s", "", pages.steady(text))


@pytest.mark.parametrize("name", make_screenshots.SCREENSHOTS)
def test_pictures_show_what_terminals_show(name: str) -> None:
    kept = _text_of((make_screenshots.IMAGES / f"{name}.svg").read_text(encoding="utf-8"))
    assert len(kept) > 300
    assert kept == _text_of(make_screenshots.drawn(name))


def test_the_reference_has_all_public_names_and_fields() -> None:
    reference = (DOCS / "reference" / "api.md").read_text() + (DOCS / "reference" / "config.md").read_text()
    described = set(re.findall(r"^::: follow\.(\w+)$", reference, re.MULTILINE))
    hooks_of_ipython = {"load_ipython_extension", "unload_ipython_extension"}
    assert described == set(follow.__all__) - hooks_of_ipython - {"__version__"}
    record = (DOCS / "reference" / "record.md").read_text()
    assert [name for name in EXTRA_FIELDS if f"`{name}`" not in record] == []
