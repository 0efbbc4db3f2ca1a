"""Imports go one way, local ones too; only ``follow/transform`` knows libcst."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent / "follow"
LAYERS = [
    {"_native"},
    {
        "accelerate",
        "errors",
        "quiet",
        "private",
        "members",
        "progress",
        "deep",
        "garbage",
        "looks",
        "selection",
        "stack",
        "state",
        "version",
        "probetable",
        "looplimit",
        "variables",
        "names",
        "processes",
        "original",
        "lazy",
        "linetable",
    },
    {"model"},
    {"context", "graft", "secretnames", "outermost"},
    {"asserts"},
    {"config", "elision", "window", "source", "masking", "locate", "events"},
    {"bounded", "linking", "settings", "endings", "looping"},
    {"capture", "later", "ownstatements"},
    {"eventwriter", "postpone"},
    {"packed"},
    {"inline"},
    {"cache"},
    {"template", "described"},
    {"copies", "redaction"},
    {"flat"},
    {"describe"},
    {"objects", "asking", "snapshots"},
    {"told"},
    {"dataflow"},
    {"frames", "eventtemplate", "trace", "redacting", "watch"},
    {"memory", "sink", "pace", "explore"},
    {"recorder", "followers", "view", "loading"},
    {"export"},
    {"choosing"},
    {"channel"},
    {"threads", "calls"},
    {"transform", "registry", "firstrecords"},
    {"build", "probe"},
    {"nativeprobe", "recordprobe", "eventconstants"},
    {"moduleevents"},
    {"eventprobe"},
    {"decorator", "generated"},
    {"instrument", "importhook"},
    {"script"},
    {"children"},
    {"run", "testing", "ipython"},
    {"cli", "environment", "__init__"},
    {"__main__"},
]
"""From the leaves up: a room imports from rooms below it only."""


def imports(path: Path) -> set[str]:
    """The rooms of ``follow`` that a file imports, and ``libcst``."""
    found: set[str] = set()
    depth = len(path.relative_to(ROOT).parts) - 1
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update("libcst" for alias in node.names if alias.name.split(".")[0] == "libcst")
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module and node.module.split(".")[0] == "libcst":
                found.add("libcst")
            if node.level == depth + 1:
                found.update([node.module.split(".")[0]] if node.module else [alias.name for alias in node.names])
    return found


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_every_room_stands_in_one_layer_and_imports_from_below() -> None:
    level = {name: index for index, layer in enumerate(LAYERS) for name in layer}
    for path in ROOT.rglob("*.py"):
        for imported in imports(path) - {"libcst"}:
            above = level[imported] >= level[room(path)]
            assert not above or imported == room(path), f"{path.name} imports {imported}"


def test_only_transform_imports_libcst() -> None:
    users = {room(path) for path in ROOT.rglob("*.py") if "libcst" in imports(path)}
    assert users == {"transform"}


def test_files_of_transform_do_not_import_in_circles() -> None:
    folder = ROOT / "transform"
    edges: dict[str, set[str]] = {}
    for path in folder.glob("*.py"):
        checked_only = _type_checking(path)
        edges[path.stem] = {
            (node.module or alias.name)
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.lineno not in checked_only
            for alias in node.names
        } & {other.stem for other in folder.glob("*.py")}
    while edges:
        leaves = {name for name, targets in edges.items() if not targets & set(edges)}
        assert leaves, f"a circle among {sorted(edges)}"
        for name in leaves:
            del edges[name]


def _type_checking(path: Path) -> set[int]:
    """The lines of imports that only the type checker sees."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            lines.update(inner.lineno for inner in node.body)
    return lines
