"""``python -m benchmarks.plot [RESULTS]``: the table of events as a picture, ``benchmarks/results/events.svg``.

It is written by hand: a few bars and texts whose colours suit light and dark pages, in some 6 KB.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .report import RESULTS, VERSION
from .ways import RECORDER

_WIDTH, _LEFT, _RIGHT = 800, 300, 180
_TOP, BAR, _STEP = 46, 14, 22
_GROUPS = {
    "floor": "written in by hand",
    "follow": "follow",
    "hook": "bare hook",
    "peer": "other tools",
}
_STYLE = """
text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-weight: 600 } .quiet { fill: #59636e } .line { stroke: #8c959f; stroke-opacity: .35 }
.floor { fill: #8c959f } .follow { fill: #1a7f37 } .hook { fill: #bf8700 } .peer { fill: #0969da }
@media (prefers-color-scheme: dark) {
 text { fill: #e6edf3 } .quiet { fill: #9198a1 }
 .floor { fill: #6e7681 } .follow { fill: #3fb950 } .hook { fill: #d29922 } .peer { fill: #4493f8 }
}
"""


def svg(results: Mapping[str, Any]) -> str:
    """The picture: a bar a row, its length the logarithm of the cost of an event.

    Arguments:
        results: what ``events-<version>.json`` holds.

    Raises:
        ValueError: no row was measured.
    """
    rows = sorted((row for row in results["rows"] if "ns_an_event" in row), key=lambda row: float(row["ns_an_event"]))
    if not rows:
        raise ValueError("No row of the table was measured, so there is nothing to draw.")
    first, last = _range(rows)
    height = _TOP + _STEP * len(rows) + 34
    size = {"viewBox": f"0 0 {_WIDTH} {height}", "width": str(_WIDTH), "height": str(height)}
    root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    title = f"Cost of an event in ns, logarithmic, Python {results['python']}: {results['title']}"
    ElementTree.SubElement(root, "title").text = title
    ElementTree.SubElement(root, "style").text = _STYLE
    _text(root, 0, 14, f"Cost of one event in ns (log scale), Python {results['python']}", "title")
    _legend(root, {row["group"] for row in rows})
    bottom = _TOP + _STEP * len(rows)
    for decade in range(math.ceil(first), math.floor(last) + 1):
        x = _x(10.0**decade, first, last)
        place = {"x1": f"{x:.1f}", "x2": f"{x:.1f}", "y1": str(_TOP), "y2": str(bottom)}
        ElementTree.SubElement(root, "line", {"class": "line", **place})
        _text(root, x, bottom + 18, f"{10**decade:,}", "quiet", "middle")
    unit = next((float(row["ns_an_event"]) for row in rows if row["row"] == RECORDER), None)
    for number, row in enumerate(rows):
        _bar(root, row, _TOP + _STEP * number, unit, first, last)
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _range(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """The logarithms of the costs at the axis's ends; the cheapest has a bar that can be seen."""
    costs = [max(float(row["ns_an_event"]), 1.0) for row in rows]
    return math.log10(min(costs) / 2), math.log10(max(costs) * 1.1)


def _x(cost: float, first: float, last: float) -> float:
    share = (math.log10(max(cost, 1.0)) - first) / (last - first)
    return _LEFT + max(share, 0.0) * (_WIDTH - _LEFT - _RIGHT)


def _bar(
    root: ElementTree.Element, row: Mapping[str, Any], y: int, unit: float | None, first: float, last: float
) -> None:
    cost = float(row["ns_an_event"])
    name = f"{row['row']} ({row['version']})" if row.get("version") else row["row"]
    end = _x(cost, first, last)
    place = {"x": str(_LEFT), "y": str(y + 3), "width": f"{max(end - _LEFT, 1):.1f}", "height": str(BAR), "rx": "2"}
    _text(root, _LEFT - 8, y + 14, name.replace("floor: ", ""), "", "end")
    ElementTree.SubElement(root, "rect", {"class": row["group"], **place})
    times = "" if unit is None or row["group"] in ("floor", "follow") else f" · {_times(cost / unit)} × recorder"
    _text(root, end + 6, y + 14, f"{cost:,.0f}{times}", "quiet")


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _legend(root: ElementTree.Element, groups: set[str]) -> None:
    x = 0
    for group, name in _GROUPS.items():
        if group in groups:
            place = {"x": str(x), "y": "25", "width": "10", "height": "10", "rx": "2"}
            ElementTree.SubElement(root, "rect", {"class": group, **place})
            _text(root, x + 15, 34, name, "quiet")
            x += 30 + 7 * len(name)


def _text(root: ElementTree.Element, x: float, y: float, text: str, kind: str, anchor: str = "start") -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    ElementTree.SubElement(root, "text", {**place, **({"class": kind} if kind else {})}).text = text


def main() -> None:
    """Read the JSON, write the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description="The table of events as a picture.")
    default = RESULTS / f"events-{VERSION}.json"
    parser.add_argument("results", nargs="?", type=Path, default=default, help="JSON that python -m benchmarks wrote")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "events.svg")
    options = parser.parse_args()
    try:
        picture = svg(json.loads(options.results.read_text(encoding="utf-8")))
        options.output.write_text(picture, encoding="utf-8")
    except FileNotFoundError:
        sys.exit(f"There is no {options.results}: python -m benchmarks events writes it.")
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{options.results} cannot be drawn: {error}")


if __name__ == "__main__":
    main()
