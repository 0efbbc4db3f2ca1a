"""The magics, in an IPython shell and in a notebook's kernel; how recordings show themselves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

import follow

SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="NoColor")
for cell in sys.stdin.read().split("\\n====\\n"):
    print(f"[{shell.execution_count}]")
    shell.run_cell(cell, store_history=True)
    sys.stderr.flush()
"""


def shell(*cells: str, folder: Path) -> list[str]:
    """What an IPython shell prints for each of the cells that come after ``%load_ext follow``."""
    env = os.environ | {"IPYTHONDIR": str(folder), "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, "-c", SHELL],
        input="\n====\n".join(["%load_ext follow", *cells]),
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    outputs = re.split(r"^\[\d+\]\n", done.stdout, flags=re.MULTILINE)[1:]
    assert len(outputs) == len(cells) + 1 and outputs[0] == "", done.stdout
    return [output.strip("\n") for output in outputs[1:]]


def rows(output: str) -> list[str]:
    return [" ".join(line.split()) for line in output.splitlines() if line.startswith("In[")]


def test_a_cell(tmp_path: Path) -> None:
    cell = "x = 1\ndef g(n):\n    return n + 1\nfor i in range(2):\n    x += g(i)\nx"
    outputs = shell(
        f"%%follow --into r\n{cell}",
        "g(5), x, Out",
        "len(r.records()), type(r).__name__",
        f"%%follow --no-follow-for-loops\n{cell};",
        cell,
        folder=tmp_path,
    )
    assert outputs[0].startswith("Out[2]: 4\nRecorder: 12 statements and calls\n")
    assert rows(outputs[0]) == [
        "In[2]:1 x = 1 # x=1",
        "In[2]:2 def g(n): # g=<function g>",
        "In[2]:4 for i in range(2): # i=0",
        "In[2]:2 g(…) # n=0",
        "In[2]:3 return n + 1 → 1",
        "In[2]:5 x += g(i) # x=2",
        "In[2]:4 for i in range(2): # i=1",
        "In[2]:2 g(…) # n=1",
        "In[2]:3 return n + 1 → 2",
        "In[2]:5 x += g(i) # x=4",
        "In[2]:4 for i in range(2):",
        "In[2]:6 x",
    ]
    assert outputs[1] == "Out[3]: (6, 4, {2: 4})"
    assert outputs[2] == "Out[4]: (10, 'Recorder')"  # the functions of the cell are silent after it
    assert "Out" not in outputs[3] and len(rows(outputs[3])) == 9
    assert outputs[4] == "Out[6]: 4"


def test_a_cell_that_raises_or_cannot_be_followed(tmp_path: Path) -> None:
    outputs = shell(
        "%%follow\ny = 0\n1 / y",
        "y",
        "%%follow\nimport asyncio\nawait asyncio.sleep(0)",
        "%%follow\nx = = 1",
        "%%follow --depth many\n1",
        "%%follow --values odd\n1",
        "%%follow --into 2x\n1",
        folder=tmp_path,
    )
    assert rows(outputs[0]) == ["In[2]:1 y = 0 # y=0", "In[2]:2 1 / y !! ZeroDivisionError: division by zero"]
    assert "----> 2 1 / y" in outputs[0] and "follow/ipython" not in outputs[0]
    assert outputs[1] == "Out[3]: 0"
    assert outputs[2].startswith("UsageError: The cell awaits at its top level")
    assert "x = = 1" in outputs[3] and "SyntaxError" in outputs[3] and not rows(outputs[3])
    assert "--depth" in outputs[4] and "many" in outputs[4]
    assert "FollowConfig.values must be one of" in outputs[5]
    assert "--into 2x" in outputs[6]


def test_text_while_it_runs(tmp_path: Path) -> None:
    (output,) = shell("%%follow --text --no-follow-prints\na = 1\nprint('between')\nb = (lambda: a)()", folder=tmp_path)
    told = [re.split(r":\d+ (?=\S )", line)[-1].split() for line in output.splitlines()]
    assert told == [
        ["┌", "<module>"],
        ["│", "a", "=", "1", "a", "=", "1"],
        ["between"],
        ["│", "╶", "<lambda>", "a", "⇒", "1"],
        ["│", "b", "=", "(lambda:", "a)()", "b", "=", "1"],
    ]


def test_what_is_shown_is_chosen(tmp_path: Path) -> None:
    options = "--loop-limit first=1,last=1 --watch 'max(a, 3)' --explode b --exclude c*"
    cell = "a = 0\nb = [1]\nfor c in range(9): a = c\n"
    (output,) = shell(f"%%follow --text {options}\n{cell}", folder=tmp_path)
    assert "… 7 iterations left out" in output and "max(a, 3) = 3 → 7" in output and "b[0] = 1" in output
    assert "c = " not in output
    (output,) = shell(f"%%follow --loop-limit few\n{cell}", folder=tmp_path)
    assert "few" in output and "iterations" in output


def test_functions_by_name(tmp_path: Path) -> None:
    outputs = shell(
        "def f(a):\n    !echo from the shell\n    return a * 2\nplain = f",
        "%follow f --follow-return",
        "f(2)",
        "plain(2), f is plain",
        "%unfollow f",
        "f(2), f is plain",
        "class C:\n    def m(self): return 7\nimport colorsys",
        "%follow C colorsys.rgb_to_yiq",
        "C().m(), len(colorsys.rgb_to_yiq(1, 1, 1))",
        "%unload_ext follow",
        "C().m(), len(colorsys.rgb_to_yiq(1, 1, 1))",
        folder=tmp_path,
    )
    assert outputs[1] == outputs[4] == outputs[7] == outputs[9] == ""
    assert "from the shell" in outputs[2] and "⇒ 4" in outputs[2] and outputs[2].endswith("\nOut[4]: 4")
    assert outputs[3] == "from the shell\nOut[5]: (4, False)"
    assert outputs[5] == "from the shell\nOut[7]: (4, True)"
    assert "┌ C.m(self=<C>)" in outputs[8] and "┌ rgb_to_yiq(" in outputs[8] and outputs[8].endswith("Out[10]: (7, 3)")
    assert outputs[10] == "Out[12]: (7, 3)"


def test_names_that_cannot_be_followed(tmp_path: Path) -> None:
    outputs = shell(
        "%follow", "%follow nope", "number = 3", "%follow number", "%unfollow nope", "%follow 1x", folder=tmp_path
    )
    assert "needs the name" in outputs[0] and "there is no nope" in outputs[1]
    assert "not 3" in outputs[3] and "nope is not followed" in outputs[4] and "'1x'" in outputs[5]
    assert all(output.startswith("UsageError: ") for index, output in enumerate(outputs) if index != 2)


def test_a_notebook(tmp_path: Path) -> None:
    cells = [
        "%load_ext follow",
        "%%follow --into r\ntext = '<script>'\nitems = []\nfor i in range(200):\n    items.append(i)\nlen(items)",
        "r",
        "%%follow\n1 / 0",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="division by zero"):
        client.execute()
    done = notebook.cells[1].outputs
    assert done[0]["data"]["text/plain"] == "200"
    html = done[1]["data"]["text/html"]
    assert "&lt;script&gt;" in html and "<script>" not in html
    assert html.count("<tr>") == 101 and "the first 100 statements" in html
    assert notebook.cells[2].outputs[0]["data"]["text/html"] == html
    assert "ZeroDivisionError: division by zero" in notebook.cells[3].outputs[0]["data"]["text/html"]
    assert notebook.cells[3].outputs[1]["ename"] == "ZeroDivisionError"


def test_recordings_show_themselves(tmp_path: Path) -> None:
    def add(a: object, b: object) -> object:
        total = a + b  # type: ignore[operator]
        return total

    recorders = [follow.Recorder(), follow.Recorder(tmp_path / "run.follow"), follow.Recorder(ring=1000)]
    for recorder in recorders:
        followed = follow.follow(add, follower=recorder)
        for i in range(60):
            followed(f"<{i}>", "&")
    recorders[1].close()
    trace = follow.load(tmp_path / "run.follow")
    tables = [shown._repr_html_() for shown in (*recorders, trace)]
    assert tables[0] == tables[1] == tables[3] != tables[2]
    assert tables[0].count("<tr>") == tables[2].count("<tr>") == 101
    assert "&lt;0&gt;&amp;" in tables[0] and "&lt;59&gt;&amp;" not in tables[0]
    assert "&lt;59&gt;&amp;" in tables[2] and "&lt;0&gt;&amp;" not in tables[2]
    assert "nothing was recorded" in follow.Recorder()._repr_html_()
