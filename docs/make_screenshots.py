"""``python -m docs.make_screenshots``: what terminals show, run now and drawn by rich into ``docs/images/*.svg``.

The programs are real and run when the pictures are made; they are told to use colours, as they would in a terminal.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from . import terminals

IMAGES = Path(__file__).parent / "images"
WIDTH = 100

BASKET = """\
from follow import follow, text

@follow(follower=text(color=True))
def average(prices):
    total = 0
    for price in prices:
        total += price
    return total / len(prices)

average([30, 45])
try:
    average([])
except ZeroDivisionError:
    pass
"""

TEST = """\
def discount(price, percent):
    return round(price - price * percent / 100)

def basket(prices, percent):
    total = 0
    for price in prices:
        total += discount(price, percent)
    return total

def test_basket():
    assert basket([5, 5], 10) == 9
"""

SCREENSHOTS = {
    "text": ({"average.py": BASKET}, ["python", "average.py"]),
    "pytest": (
        {"test_basket.py": TEST},
        ["python", "-m", "pytest", "-q", "--color=yes", "-p", "no:cacheprovider", "--follow-on-failure"],
    ),
}
"""Of each picture the files and the command."""


def printed(files: dict[str, str], command: list[str]) -> str:
    """What a command prints, escape sequences included."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, *command[1:]],
            check=False,  # a test fails in it
            cwd=folder,
            env=terminals.environment(COLUMNS=str(WIDTH), TERM="xterm-256color"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
    return done.stdout


def svg(command: list[str], output: str) -> str:
    """The picture of a terminal.

    Arguments:
        command: what was typed.
        output: what came.
    """
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {' '.join(command)}", style="bold"))
    console.print(Text.from_ansi(output))
    picture = console.export_svg(title=" ".join(command), unique_id="follow")
    # Without fonts from elsewhere: a page of documentation loads nothing from other hosts.
    return re.sub(r"@font-face \{.*?\}\n", "", picture, flags=re.DOTALL).replace("Fira Code", "ui-monospace")


def drawn(name: str) -> str:
    """A picture as it is now."""
    files, command = SCREENSHOTS[name]
    return svg(command, printed(files, command))


def main() -> None:
    """Draw all of them."""
    IMAGES.mkdir(exist_ok=True)
    for name in SCREENSHOTS:
        (IMAGES / f"{name}.svg").write_text(drawn(name), encoding="utf-8")


if __name__ == "__main__":
    main()
