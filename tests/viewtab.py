"""A page of the viewer in Chromium, for tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from follow import Recorder, load
from follow.view.page import write_view

from .viewfile import Happening


class Tab:
    """A page that shows a view; whatever goes wrong in it is collected."""

    def __init__(self, browser: Any, file: Path, fragment: str = "", **context: Any) -> None:
        self.page = browser.new_page(viewport={"width": 1360, "height": 840}, **context)
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on(
            "request",
            lambda request: request.url.startswith(("file:", "blob:")) or self.wrong.append(f"request: {request.url}"),
        )
        self.page.goto(file.as_uri() + fragment)
        self.page.wait_for_selector("html[data-ready]", timeout=30_000)

    def close(self) -> None:
        self.page.close()
        assert self.wrong == []

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def jump(self, position: int) -> None:
        self.page.evaluate("at => { followView.position.value = at }", position)

    @property
    def position(self) -> int:
        return self.page.evaluate("followView.position.value")

    def text(self, selector: str) -> str:
        return re.sub(r"\s+", " ", self.page.locator(selector).inner_text()).strip()

    def rows(self, list_id: str) -> list[str]:
        found = self.page.locator(f"#{list_id} .row").all_inner_texts()
        return [re.sub(r"\s+", " ", text).strip() for text in found]

    def focused(self, element: str) -> None:
        self.eventually(lambda: self.page.evaluate("document.activeElement.id") == element)

    def eventually(self, condition: Callable[[], object]) -> None:
        for _ in range(100):
            if condition():
                return
            self.page.wait_for_timeout(30)
        assert condition()


def at(happenings: list[Happening], instruction: str, nth: int = 0) -> int:
    return [i for i, one in enumerate(happenings) if one.instruction == instruction][nth]


def view_in(browser: Any, folder: Path, run: Callable[[Recorder], object], answers: Any = None, **options: Any) -> Tab:
    with Recorder(folder / "run.follow", **options) as recorder:
        run(recorder)
    return Tab(browser, write_view(load(folder / "run.follow"), folder / "run.html", answers))
