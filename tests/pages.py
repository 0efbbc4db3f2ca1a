"""The examples of the documentation's pages, as doctest examples that run in the order of the page.

* ```` ```python title="NAME" ```` (or toml …): a file of that name is written; one that includes ``--8<-- "PATH"`` is
  there already.
* ```` ```console ````: ``$ COMMAND`` and what it prints, to stdout or stderr.
* ```` ```ipython ````: ``In [N]: CELL`` and what a shell shows.
* ```` ```python ````: ``>>>`` and what Python shows.

Times, sizes, dates and numbers of processes may differ from what a page shows, and so may the number of blanks; ``...``
stands for anything. ``python -m tests.pages PAGE…`` writes into pages what their commands and cells print now, where
that is something else: read the difference before you keep it.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from docs import terminals

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(r"^```(?P<language>\w*)(?P<options>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_VARIES = (
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?\b|\b\d{4}-\d\d-\d\d\b"), "<time>"),
    (re.compile(r"<time> +(?=\S+:\d+ (│ )*┌)"), ""),  # of calls within others: where a second has begun since
    (re.compile(r"\b\d[\d,.]* ?(ns|µs|ms|s)\b"), "<duration>"),
    (re.compile(r"\b\d[\d,.]* ?(bytes|[KM]i?B)\b"), "<size>"),
    (re.compile(r"\bprocess \d+"), "<process>"),
    (re.compile(r'"execution_time":[\d.]+'), "<duration>"),
    (re.compile(r"^\s*[~^]+\s*$|^<BLANKLINE>$", re.MULTILINE), ""),  # 3.10 has no marks in tracebacks
    (re.compile(r"={5,}|-{5,}|_{5,}|─{5,}"), "<rule>"),
    (re.compile(r"[ \t]+"), " "),
)

_SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="NoColor")
shell.history_manager.enabled = False
for cell in sys.stdin.read().split("\\n====\\n"):
    print(f"In [{shell.execution_count}]: " + cell.replace("\\n", "\\n   ...: "))
    shell.run_cell(cell, store_history=True)
    print()
    sys.stderr.flush()
"""


def command(line: str) -> None:
    """Run a command of a page and print what it prints."""
    print(_output(["bash", "-c", line]), end="")


def ipython(cells: list[str]) -> None:
    """Give cells to an IPython shell and print them and what it shows."""
    print(_output([sys.executable, "-c", _SHELL], "\n====\n".join(cells)).rstrip())


def _output(arguments: list[str], given: str = "") -> str:
    folder = Path(sys.executable).parent
    environment = terminals.environment(
        PATH=f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
        PYTHONIOENCODING="utf-8",
        NO_COLOR="1",
        IPYTHONDIR=os.getcwd(),
        PYTHONPATH=str(ROOT),
        PYTHONDONTWRITEBYTECODE="1",
    )
    done = subprocess.run(
        arguments,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        encoding="utf-8",
        timeout=60,
    )
    lines = done.stdout.splitlines(keepends=True)
    shown = "".join(line for line in lines if not line.startswith("follow: rewriting"))  # on a slow machine
    return shown.replace(os.getcwd(), "/project").replace(f"{folder}{os.sep}", "")


def write(name: str, text: str) -> None:
    """Write a file of a page."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


class Checker(doctest.OutputChecker):
    """Compares what was printed without what differs from run to run."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(steady(want), steady(got), optionflags)


def steady(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return "".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip())


def examples(page: str) -> Iterator[doctest.Example]:
    """The examples of a page.

    Raises:
        ValueError: a block is none of those that can be tested.
    """
    for block in _FENCE.finditer(page):
        language, text = block["language"], block["text"]
        line = page.count("\n", 0, block.start("text"))
        title = _TITLE.search(block["options"])
        if included := re.fullmatch(r'--8<-- "([^"]+)"\n', text):
            text = (ROOT / included[1]).read_text(encoding="utf-8")
        if title:
            yield doctest.Example(f"write({title[1]!r}, {text!r})\n", "", lineno=line)
        elif language == "console":
            for ask, answer in _commands(text):
                yield doctest.Example(f"command({ask!r})\n", answer, lineno=line)
        elif language == "ipython":
            yield doctest.Example(f"ipython({_cells(text)!r})\n", text, lineno=line)
        elif language == "python" and (found := doctest.DocTestParser().get_examples(text)):
            for example in found:
                example.lineno += line
                yield example
        elif not included:
            raise ValueError(f"line {line}: a block of {language or 'no language'} that nothing tests.")


def _commands(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        ask, _, answer = part.partition("\n")
        yield ask, answer


def _cells(text: str) -> list[str]:
    found = re.findall(r"^In \[\d+\]: (.*(?:\n   \.\.\.: .*)*)", text, flags=re.MULTILINE)
    return [cell.replace("\n   ...: ", "\n") for cell in found]


def run(page: Path, out: Callable[[str], object]) -> doctest.TestResults:
    """Run the examples of a page in the current folder.

    Arguments:
        page: the Markdown file.
        out: is told what differs.

    Returns:
        How many there were, and how many failed.
    """
    text = page.read_text(encoding="utf-8")
    names = {"command": command, "ipython": ipython, "write": write, "__name__": "__main__"}
    test = doctest.DocTest(list(examples(text)), names, page.name, str(page), 0, text)
    runner = doctest.DocTestRunner(Checker(), optionflags=doctest.ELLIPSIS)
    return runner.run(test, out=out)


def updated(page: str) -> str:
    """The page with what its commands and cells print now."""

    def block(match: re.Match[str]) -> str:
        list(map(_prepare, examples(match[0])))
        text = match["text"]
        if match["language"] == "console":
            text = "".join(f"$ {ask}\n{_now(want, _output(['bash', '-c', ask]))}" for ask, want in _commands(text))
        elif match["language"] == "ipython":
            text = _now(text, _output([sys.executable, "-c", _SHELL], "\n====\n".join(_cells(text))).rstrip())
        return f"```{match['language']}{match['options']}\n{text}```"

    return _FENCE.sub(block, page)


def _prepare(example: doctest.Example) -> None:
    if example.source.startswith("write("):
        exec(example.source)


def _now(want: str, got: str) -> str:
    """What is printed now, or what the page shows, if that is the same."""
    if Checker().check_output(want, got, doctest.ELLIPSIS):
        return want
    return "".join(f"{line.rstrip()}\n" for line in got.splitlines())


def main() -> None:
    """Update the pages that the command line names."""
    for page in map(Path, sys.argv[1:]):
        page = page.resolve()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
            os.chdir(ROOT)


if __name__ == "__main__":
    main()
