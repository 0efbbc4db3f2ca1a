"""Whole modules: what matches is followed from its first line, everything else of the import system stays."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.resources
import linecache
import subprocess
import sys
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libcst
import pytest

import follow
from follow import FollowConfig, FollowWarning, install_import_hook

from .support import brief

FILES = {
    "shop/__init__.py": '"""A shop."""; from __future__ import annotations; RATE = 2\nfrom . import cart\n',
    "shop/cart.py": (
        "# -*- coding: latin-1 -*-\nfrom __future__ import annotations\nimport shop\n\nclass Cart:\n    '''Doc.'''\n    limit: int = 3\n    def __init__(self):\n"
        "        self.items = []\n\n    def add(self, n: Money):\n        self.items.append(n)\n        return len(self.items)\n\n"
        "Money = int\nfor n in range(2):\n    Cart().add(n)\n\ndef fail():\n    raise KeyError('é')\n"
    ),
    "shop/data.txt": "resource\n",
    "shop/broken.py": "value = 1\n",
    "shop/__main__.py": "import sys\nprint('main', sys.argv[1:], __name__)\n",
    "other.py": "value = 1\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="latin-1" if "latin" in text else "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    before, paths = set(sys.modules), list(sys.meta_path)
    yield tmp_path
    assert sys.meta_path == paths
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_modules_are_followed_from_their_first_line(project: Path) -> None:
    records: list[dict[str, Any]] = []
    with install_import_hook("shop", follower=records.append):
        import other  # type: ignore[import-not-found]
        import shop  # type: ignore[import-not-found]
    assert {record["function"] for record in records} == {"<module>", "__init__", "add"}
    assert brief(records)[0] == ("RATE = 2", {"RATE": 2})
    adds = [variables for instruction, variables in brief(records) if instruction == "self.items.append(n)"]
    assert [variables["n"] for variables in adds] == [0, 1]
    top = [v for r, (_, v) in zip(records, brief(records)) if r["function"] == "<module>" and "n" in v]
    assert set(top[-1]) == {"shop", "Cart", "Money", "n", "fail"}
    assert other.value == 1 and shop.cart.Cart().add(1) == 1
    count = len(records)
    shop.cart.Cart().add(1)
    assert len(records) == count, "uninstalled, so silent"


def test_the_module_is_as_without_the_hook(project: Path) -> None:

    importlib.import_module("shop")

    def facts() -> dict[str, Any]:
        module = sys.modules["shop.cart"]
        return {
            "names": sorted(vars(module)),
            "annotations": module.Cart.add.__annotations__,
            "doc": (sys.modules["shop"].__doc__, module.Cart.__doc__),
            "file": (module.__file__, module.__spec__.origin, module.__cached__, sys.modules["shop"].__path__),
            "resource": importlib.resources.files("shop").joinpath("data.txt").read_text(),
            "loader": isinstance(module.__loader__, importlib.abc.SourceLoader),
            "source": module.__loader__.get_source("shop.cart"),
            "data": module.__loader__.get_data(module.__file__),
            "package": module.__spec__.parent,
        }

    plain = facts()
    for name in ("shop", "shop.cart"):
        del sys.modules[name]
    with install_import_hook("shop", follower=lambda record: None):
        importlib.import_module("shop")
        assert facts() == plain
        assert importlib.reload(sys.modules["shop.cart"]).Cart().add(5) == 1
    with pytest.raises(KeyError) as caught:
        sys.modules["shop.cart"].fail()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line) == (sys.modules["shop.cart"].__file__, 20, "raise KeyError('é')")


def test_a_module_that_cannot_be_rewritten_is_imported_as_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = libcst.parse_module

    def refuse(text: str) -> object:  # as an older libcst does with newer syntax
        return parse("(x): int = 1" if text.startswith("value") else text)

    monkeypatch.setattr("libcst.parse_module", refuse)
    records: list[object] = []
    with install_import_hook("shop.broken", follower=records.append):
        with pytest.warns(FollowWarning, match=r"shop\.broken is not followed"):
            assert importlib.import_module("shop.broken").value == 1
    assert records == []


def test_an_imported_module_is_said_to_be_so(project: Path) -> None:
    import other

    with pytest.warns(FollowWarning, match="other is imported already"):
        install_import_hook("other").uninstall()
    with pytest.raises(ImportError, match="other is imported already"):
        install_import_hook("other", already_imported="error")
    install_import_hook("other", already_imported="ignore").uninstall()
    for wrong in ((), (3,)):
        with pytest.raises(ValueError, match="names of modules"):
            install_import_hook(*wrong)
    assert other.value == 1


def test_zip_files_and_namespace_packages(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = project / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("zipped.py", "value = 3\n")
    (project / "space").mkdir()
    (project / "space" / "inner.py").write_text("value = 4\n")
    monkeypatch.syspath_prepend(str(archive))
    records: list[dict[str, Any]] = []
    with install_import_hook("zipped", "space.*", follower=records.append):
        values = [importlib.import_module(name).value for name in ("zipped", "space.inner")]
    assert values == [3, 4]
    assert [record["instruction"] for record in records] == ["value = 3", "value = 4"]
    linecache.clearcache()


def test_python_dash_m_under_the_hook(project: Path) -> None:
    program = (
        "import follow, runpy, sys\nfollow.install_import_hook('shop', follower=lambda r: sys.stderr.write(r['instruction'] + '\\n'))\n"
        "sys.argv[1:] = ['x']\nrunpy.run_module('shop', run_name='__main__', alter_sys=True)\n"
    )
    root = str(Path(follow.__file__).parent.parent)
    environment = {"PYTHONPATH": f"{root}:{project}", "PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60)
    assert done.stdout == "main ['x'] __main__\n", done.stderr
    assert "print('main', sys.argv[1:], __name__)" not in done.stderr  # prints are off by default
    assert "import sys" in done.stderr.splitlines()


def test_module_level_exceptions(project: Path) -> None:
    (project / "failing.py").write_text("a = 1\nb = a / 0\n")
    records: list[dict[str, Any]] = []
    with install_import_hook("failing", follower=records.append, config=FollowConfig(fields=("line",))):
        with pytest.raises(ZeroDivisionError) as caught:
            importlib.import_module("failing")
    assert [(r["instruction"], r["line"], r.get("exception")) for r in records] == [
        ("a = 1", 1, None),
        ("b = a / 0", 2, "ZeroDivisionError: division by zero"),
    ]
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "b = a / 0"


def test_a_decorated_function_in_a_followed_module(project: Path) -> None:
    (project / "decorated.py").write_text(
        "import follow\nrecords = []\nconfig = follow.FollowConfig(follow_return=True)\n"
        "@follow.follow(config=config, follower=records.append)\ndef double(n):\n    m = n * 2\n    return m\nfour = double(2)\n"
    )
    records: list[dict[str, Any]] = []
    with install_import_hook("decorated", follower=records.append):
        module = importlib.import_module("decorated")
    assert module.four == 4 and module.double(3) == 6
    inside = ("m = n * 2", {"n": 2, "m": 4}), ("return m", {"return": 4})
    assert tuple(brief(module.records))[:2] == inside
    assert [entry for entry in brief(records) if entry in inside] == list(inside)


def test_names_that_a_module_binds_in_expressions_are_shown(tmp_path, monkeypatch):
    (tmp_path / "walruses.py").write_text("if (n := 3) > 2:\n    y = n\nz = [m := 4]\ndel n\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    records = []
    with install_import_hook("walruses", follower=records.append):
        importlib.import_module("walruses")
    shown = [{one["var"]: one["val"] for one in record["local_vars"]} for record in records]
    assert shown == [{"n": 3}, {"n": 3, "y": 3}, {"n": 3, "y": 3, "z": [4], "m": 4}, {"y": 3, "z": [4], "m": 4}]
