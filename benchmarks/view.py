"""How fast the viewer is in Chromium: ``python -m benchmarks.view [EVENTS …]``; needs ``pip install '.[browser]'``.

Chromium is ``$FOLLOW_CHROMIUM``, or the first of ``chromium-headless-shell`` and ``chromium`` on the PATH.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import follow
from follow.view.page import write_view

STEPS = ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "i", "I", "o", "n", "N", "v", "V", "e", "PageDown", "]")
"""The keys whose redraw is measured."""
_TIMES = 25

_MIDDLE = "followView.position.value = followView.store.value.count >> 1"

_STEP = """async (key) => {
    const start = performance.now();
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
    for (let i = 0; i < 5; i++) await null;
    document.body.getBoundingClientRect();
    return performance.now() - start;
}"""


class Account:
    """Something with calls, exceptions and containers."""

    def __init__(self) -> None:
        self.entries: list[int] = []

    def add(self, amount: int) -> int:
        if amount % 97 == 0:
            raise ValueError(f"not {amount}")
        self.entries.append(amount)
        self.entries[:] = self.entries[-5:]
        return len(self.entries)


def steps_of(number: int) -> int:
    steps = 0
    while number != 1:
        number = 3 * number + 1 if number % 2 else number // 2
        steps += 1
    return steps


def work(count: int) -> dict[int, int]:
    account, longest = Account(), {}
    for number in range(1, count):
        steps = steps_of(number)
        try:
            account.add(steps)
        except ValueError as error:
            longest[-len(str(error))] = number
        if steps > max(longest, default=0):
            longest[steps] = number
    return longest


def record(path: Path, events: int) -> int:
    """Record about so many events and return how many they are."""
    namespace: dict[str, Any] = globals()
    plain = {name: namespace[name] for name in ("steps_of", "work")}
    count = 10
    while sum(_cost(number) for number in range(1, count)) < events:
        count = int(count * 1.02) + 1
    with follow.Recorder(path) as recorder, follow.instrument(Account, follower=recorder):
        namespace["steps_of"] = follow.follow(plain["steps_of"], recorder)
        follow.follow(plain["work"], recorder)(count)
    namespace.update(plain)
    return sum(1 for _ in follow.load(path).events)


_costs: dict[int, int] = {}


def _cost(number: int) -> int:
    if number not in _costs:
        _costs[number] = 13 + 3 * steps_of(number)
    return _costs[number]


def chromium() -> str:
    """The browser's program.

    Raises:
        SystemExit: there is none.
    """
    names = "chromium-headless-shell", "chromium"
    found = os.environ.get("FOLLOW_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit("There is no Chromium; install Debian's chromium-headless-shell, or set FOLLOW_CHROMIUM.")
    return found


def measure(page: Any, file: Path, rounds: int) -> dict[str, float]:
    """Open a view and step through it; times in ms."""
    ready = []
    for _ in range(rounds):
        page.goto("about:blank")
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=120_000)
        ready.append(page.evaluate("performance.getEntriesByName('follow-ready')[0].startTime"))
    page.evaluate(_MIDDLE)
    times: list[float] = []
    first = page.evaluate(_STEP, STEPS[0])
    for key in STEPS:
        times += [page.evaluate(_STEP, key) for _ in range(_TIMES)]
    times.sort()
    memory = page.evaluate("performance.memory ? performance.memory.usedJSHeapSize / 1e6 : 0")
    return {
        "ready": statistics.median(ready),
        "first step": first,
        "step": statistics.median(times),
        "step of 100 the slowest": times[int(len(times) * 0.99)],
        "slowest step": times[-1],
        "step with paint, CPU": _whole(page),
        "heap, MB": memory,
    }


def _whole(page: Any) -> float:
    """What one step costs the page's thread (its own processor time), with style, layout and paint, by real keys."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return 1_000 * next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")

    page.evaluate(_MIDDLE)
    before = spent()
    for _ in range(100):
        page.keyboard.press("ArrowRight")
        page.evaluate("new Promise(requestAnimationFrame)")
    return (spent() - before) / 100


def _timed(action: Callable[[], object]) -> float:
    start = perf_counter()
    action()
    return perf_counter() - start


def main() -> None:
    """Record, write, open, step, print."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="python -m benchmarks.view", description=__doc__)
    parser.add_argument("events", nargs="*", type=int, default=[1_000_000, 5_000_000])
    parser.add_argument("--rounds", type=int, default=3, help="how often a page is opened")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for wanted in options.events:
            trace, file = Path(folder, "run.follow"), Path(folder, "run.html")
            events = record(trace, wanted)
            seconds = _timed(lambda trace=trace, file=file: write_view(follow.load(trace), file))  # type: ignore[misc]
            size = file.stat().st_size / 1e6
            print(f"{events:,} events: written in {seconds:.1f} s, {size:.1f} MB", flush=True)
            page = browser.new_page(viewport={"width": 1360, "height": 840})
            for name, value in measure(page, file, options.rounds).items():
                print(f"{name:>25}  {value:,.1f}{'' if 'MB' in name else ' ms'}", flush=True)
            page.close()


if __name__ == "__main__":
    main()
