"""Guarantee 13: what is secret occurs nowhere in what is written."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import follow as package
from follow import FollowConfig, Recorder, Redacted, follow, install_import_hook, load
from follow.cli import main
from follow.export.formats import FORMATS
from follow.export.jsonl import read
from follow.ipython.options import config_of, parser
from follow.masking import masked
from follow.secretnames import SecretNames
from follow.trace.file import FrameReader

from ..support import brief, define, outcome
from ..test_recorder import without_times
from ..viewfile import View
from .test_capture import BOTH, GIANTS, records_of

SOURCE = """\
def login(user, password, headers, *, api_key="canary-default"):
    # the test account's is canary-literal
    copied = password
    nested = {"mySecretKey": "canary-key", "list": [1, {"x-api-key": password}], "author": "shown", password: 1}
    token = "canary-literal"
    token += f"canary-{user}"
    for name, value in headers.items():
        item = (name, value)
    secrets = [password, "canary-listed"]
    secrets.append("canary-appended")
    holder = {"kept": secrets}
    def get_token():
        nonlocal token
        token = "canary-nonlocal"
        return token
    obsession = get_token() + (lambda: token)()
    address = "https://" + password + "@host"
    owner = Owner(password)
    owner.db_password = b"canary-bytes"
    pin = 1234
    data = [password.encode(), bytearray(b"canary-bytes")]
    if password == "canary-compared" or login is set_password("canary-given"):
        pass
    long = ["x"] * 500 + [password]
    text = "-" * 995 + password
    more = "-" * 3000 + password
    try:
        raise ValueError("wrong", password)
    except ValueError as error:
        kept = error
    def walk():
        yield token
        yield {password: {token}, "tokens": (token,)}
    found = list(walk())
    print("canary-literal, that is " + password)
    raise KeyError(f"no {password}")
"""
HIDING = FollowConfig(redact=package.SECRETS, follow_return=True, follow_prints=True)


class Owner:
    """Tells its secret to whoever asks."""

    __slots__ = ("db_password", "secret")

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"Owner({self.secret!r})"


def set_password(given: str) -> None:
    pass


def run(follower: Any, config: FollowConfig | None = HIDING) -> None:
    function = define(SOURCE, "login", Owner=Owner, set_password=set_password, print=lambda text: None)
    if config is not None:
        function = follow(function, follower, config=config)
    ended = outcome(function, "me", "canary-password", {"Authorization": "canary-header", "Accept": "shown"})
    assert ended == ("raised", (KeyError, "'no canary-password'"))


def contents(path: Path) -> str:
    """Everything that a trace holds, unpacked."""
    with path.open("rb") as file:
        return repr(list(FrameReader(file, path.name).frames()))


def test_13_a_secret_is_in_no_record_and_in_no_file(tmp_path: Path, figure: Callable[[str], None]) -> None:
    dicts: list[dict[str, Any]] = []
    run(dicts.append)
    with Recorder(tmp_path / "secret.trace") as recorder:
        run(recorder)
    memory, text, lines = Recorder(), io.StringIO(), io.StringIO()
    run(memory)
    run(lines)
    run([text, Recorder(tmp_path / "beside.trace")])
    recorded = list(load(tmp_path / "secret.trace").records())
    assert repr(without_times(dicts)) == repr(without_times(memory.records())) == repr(without_times(recorded))
    with Recorder(tmp_path / "objects.trace", detail="dataflow") as objects:
        run(objects)
    assert len(list(load(tmp_path / "objects.trace").records())) == len(dicts)
    assert "copied = password" in lines.getvalue()
    written = [repr(dicts), lines.getvalue(), text.getvalue(), *map(contents, tmp_path.iterdir())]
    assert [found for one in written for found in re.findall(".{30}canary.{20}", one)] == []
    figure(f"{sum(map(len, written)):,} characters written in 6 ways, 0 of them secret")


@pytest.mark.parametrize("detail", ["plain", "dataflow"])
def test_13_a_secret_is_in_nothing_that_is_made_of_a_trace(
    detail: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], figure: Callable[[str], None]
) -> None:
    path = str(tmp_path / "secret.trace")
    with Recorder(path, detail=detail) as recorder:
        run(recorder)
    for name in FORMATS:
        assert main(["export", path, "--format", name, "-o", str(tmp_path / name)]) == 0
    assert main(["view", path, "-o", str(tmp_path / "view.html")]) == 0
    for asked in (["why", path, "exception"], ["why", path, "address"], ["var", path, "token"], ["tree", path]):
        assert main(asked) == 0
    assert main(["list", path]) == 0
    written = {one.name: one.read_text() for one in tmp_path.iterdir() if one.name in (*FORMATS, "view.html")}
    page = View(tmp_path / "view.html")
    written["page"] = f"{page.values()} {page.tables} {page.sources} {page.answers} {page.text!r}"
    written["output"] = capsys.readouterr().out
    assert "https://<redacted>@host" in written["jsonl"] and "https://<redacted>@host" in written["page"]
    found = {name: re.findall(".{30}canary.{20}", text, re.IGNORECASE) for name, text in written.items()}
    assert [one for texts in found.values() for one in texts] == []
    assert [r for r in read(tmp_path / "jsonl") if Redacted("str") in [one["val"] for one in r["local_vars"]]]
    figure(f"{sum(map(len, written.values())):,} characters of {len(written)} exports and answers, 0 of them secret")


def test_13_what_a_call_was_given_is_known_before_anything_of_it_is_shown() -> None:
    source = (
        "def f(password, rest=None):\n    return g(password)\n\ndef g(value):\n    doubled = value * 2\n    return h(doubled)\n"
        "def h(value):\n    def inner(token):\n        return lambda: token\n    raise ValueError(value, locals().keys(), inner(value)())\n"
    )
    records: list[dict[str, Any]] = []
    functions = define(source, "f").__globals__
    for name in "fgh":
        functions[name] = follow(functions[name], records.append, config=HIDING)
    with pytest.raises(ValueError, match="canary-given"):
        functions["f"]("canary-given")
    assert len(records) == 7 and "canary" not in repr(records)
    plain = define(
        "def f(password, more):\n    g = lambda: password\n    found = locals()\n    return sorted(found), found is locals()\n"
    )
    assert follow(plain, records.append, config=HIDING)("canary", 1) == plain("canary", 1)


def test_13_a_secret_given_to_a_call_is_not_kept_alive() -> None:
    class Token:
        pass

    source = "def f(token, held):\n    seen = ref(token)\n    held.clear()\n    del token\n    return seen() is None\n"
    plain = define(source, ref=weakref.ref)

    def dies(function: Any) -> Any:
        held = [Token()]
        return function(held[0], held)

    assert dies(follow(plain, [].append, config=HIDING)) == dies(plain)


@BOTH
def test_13_named_tuples_and_options_tell_secrets(recorded: bool) -> None:
    class Login(NamedTuple):
        user: str
        db_password: str

    arguments = ["run", "--password", "canary-one", "-v", "--api-key=canary-two", "--user", "shown"]
    function = define("def f(x, arguments):\n    y = arguments\n    z = [x[1], ' '.join(y), y[2:3]]\n    return z\n")
    records = records_of(function, Login("me", "canary-three"), arguments, recorded=recorded, config=HIDING)
    shown = {one["var"]: one["val"] for record in records for one in record["local_vars"]}
    assert shown["y"] == ["run", "--password", "<redacted>", "-v", "--api-key=<redacted>", "--user", "shown"]
    line = "run --password <redacted> -v --api-key=<redacted> --user shown"
    assert shown["z"] == ["<redacted>", line, ["<redacted>"]]


def test_13_literals_that_are_passed_by_position_or_follow_an_option() -> None:
    source = (
        "class User:\n    def __init__(self, name, password):\n        pass\nclass Card:\n    owner: str\n    pin: int\n"
        "def login(name, password): pass\n"
        "def f():\n    login('shown', 'canary')\n    User('shown', 'canary')\n    Card('shown', 1234)\n"
        "    x = ['--user', 'shown', '--token', 'canary']\n    y = ['token', 'shown']\n    z = ('token', 'canary')\n"
    )
    hidden = masked(source, ast.parse(source), package.SECRETS)
    assert "canary" not in hidden and "1234" not in hidden and hidden.count("'shown'") == source.count("'shown'")


def test_13_in_a_notebook_or_pyproject_true_means_the_ready_list() -> None:
    options = parser("%%follow", names=False)
    for line, redact in (
        ("--redact", package.SECRETS),
        ("--redact=true", package.SECRETS),
        ("--redact True", package.SECRETS),
        ("--redact password,pin", ("password", "pin")),
        ("", ()),
    ):
        assert config_of(options.parse_argstring(line)).redact == redact


def test_13_what_is_hidden_says_so_and_what_is_not_secret_is_shown() -> None:
    records: list[dict[str, Any]] = []
    run(records.append)
    shown = {name: value for instruction, found in brief(records) for name, value in found.items()}
    assert repr(shown["password"]) == "<redacted str>" and isinstance(shown["pin"], Redacted)
    assert shown["headers"] == {"Authorization": Redacted("str"), "Accept": "shown"}
    assert shown["nested"]["author"] == "shown" and shown["nested"]["list"][1] == {"x-api-key": Redacted("str")}
    assert shown["copied"] == Redacted("str") and shown["address"] == "https://<redacted>@host"
    assert shown["text"].shown == "-" * 995 + "<redacted>" and shown["more"].shown == "-" * 1000
    assert shown["data"] == [b"<redacted>", bytearray(b"<redacted>")] and shown["user"] == "me"
    assert {v["var"]: v["type"] for r in records for v in r["local_vars"]}["password"] == "str"
    instructions = [record["instruction"] for record in records]
    assert 'token = "**************"' in instructions and "copied = password" in instructions
    assert records[-1]["exception"] == "KeyError: 'no <redacted>'"


def test_13_the_source_keeps_its_lines_and_columns_and_the_hash_of_the_original(tmp_path: Path) -> None:
    with Recorder(tmp_path / "secret.trace") as recorder:
        run(recorder)
    trace = load(tmp_path / "secret.trace")
    statements = {event.statement for event in trace.events if event.statement is not None}
    (source,) = trace.sources.values()
    assert source.sha256 == hashlib.sha256(SOURCE.encode()).hexdigest()
    assert [len(line) for line in source.text.split("\n")] == [len(line) for line in SOURCE.split("\n")]
    compile(source.text, "masked", "exec")
    lines = source.text.split("\n")
    for statement in statements:
        if statement.kind == "assignment" and statement.line == statement.end_line:
            assert lines[statement.line - 1][statement.column : statement.end_column] == statement.instruction


def test_13_an_attribute_or_slot_is_known_when_its_object_has_been_seen() -> None:
    source = (
        "def f(Owner, Plain):\n    one, two = Owner('can' 'ary-slot'.upper()), Plain()\n    two.auth_token = 'can' + 'ary-' + 'x' * 3\n"
        "    def read(one, two):\n        first = one.secret\n        second = {'h': 'Bearer ' + two.auth_token}\n        return [first]\n"
        "    return read(one, two)\n"
    )

    class Plain:
        pass

    for records in ([], Recorder(), Recorder(detail="dataflow")):  # type: ignore[var-annotated]
        follower = records if isinstance(records, Recorder) else records.append
        assert follow(define(source), follower, config=HIDING)(Owner, Plain) == ["CANARY-SLOT"]
        found = records.records() if isinstance(records, Recorder) else records
        assert "canary" not in repr(found).lower()
        assert {"h": "Bearer <redacted>"} in [v["val"] for record in found for v in record["local_vars"]]


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        *[(name, True) for name in ("db_password", "x-api-key", "mySecretKey", "APIKey", "AWS_SECRET_ACCESS_KEY")],
        *[
            (name, True)
            for name in ("password1", "_Owner__token", "Set-Cookie", "sessionId", "PGPASSWD", "oauth2", "API_KEYS")
        ],
        *[(name, False) for name in ("author", "obsession", "tokenizer", "opinion", "passage", "x", "_", "monkey")],
    ],
)
def test_13_names_are_split_into_words(name: str, hidden: bool) -> None:
    assert SecretNames([*package.SECRETS, "pgpasswd"]).hides(name) is hidden


def test_13_patterns_hide_what_matches_them() -> None:
    config = FollowConfig(redact=("pan", re.compile(r"\b\d{4}-\d{4}\b")))
    records: list[dict[str, Any]] = []
    source = 'def f(x):\n    y = "card 1111-2222 of"\n    z = {"k": [x]}\n    return z  # 5555-6666\n'
    follow(define(source), records.append, config=config)("3333-4444")
    assert brief(records)[1] == (
        'z = {"k": [x]}',
        {"x": "<redacted>", "y": "card <redacted> of", "z": {"k": ["<redacted>"]}},
    )
    assert records[0]["instruction"] == 'y = "card ********* of"'


def test_13_a_whole_module_and_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "vault.py").write_text(
        'API_KEY = "canary-key"\nurl = "https://" + API_KEY\nkeys = {API_KEY: [API_KEY]}\n'
    )
    for config in (HIDING, None, HIDING):
        with Recorder(path := tmp_path / "vault.trace") as recorder:
            with install_import_hook("vault", follower=recorder, config=config):
                __import__("vault")
        del sys.modules["vault"]
        assert ("canary" in contents(path)) is (config is None)
    records: list[dict[str, Any]] = []
    with install_import_hook("vault", follower=records.append, config=HIDING):
        __import__("vault")
    assert brief(records)[1] == (
        'url = "https://" + API_KEY',
        {"API_KEY": Redacted("str"), "url": "https://<redacted>"},
    )
    assert "canary" not in repr(records)


def test_13_secrets_of_the_command_line_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "argv", ["run.py", "--password", "canary", "--api-key=canary", "-v", "TOKEN=canary", "file"]
    )
    with Recorder(tmp_path / "arguments.trace"):
        pass
    shown = ["run.py", "--password", "<redacted>", "--api-key=<redacted>", "-v", "TOKEN=<redacted>", "file"]
    assert load(tmp_path / "arguments.trace").header["arguments"] == shown


@pytest.mark.parametrize(
    ("redact", "message"),
    [
        ("password", "must be a tuple of names and compiled patterns, not 'password'"),
        ((3,), "3 is neither a name nor a compiled pattern"),
        (("__",), "'__' is neither a name"),
        ((re.compile(b"x"),), "neither a name nor a compiled pattern of text"),
    ],
)
def test_13_wrong_values_name_the_field(redact: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"FollowConfig.redact.*{message}"):
        FollowConfig(redact=redact)
    with pytest.raises(ValueError, match="redact hides nothing with values='live'"):
        FollowConfig(redact=("pin",), values="live")


@pytest.mark.parametrize("kind", GIANTS)
@pytest.mark.parametrize("name", ["x", "password"])
def test_13_giants_cost_little_with_secrets_hidden(kind: str, name: str) -> None:
    make, fits = GIANTS[kind]
    giant, recorder = make(), Recorder()
    twin = follow(define(f"def f({name}):\n    y = {name}\n    z = [y]\n    return\n"), recorder, config=HIDING)
    twin(1)
    tracemalloc.start()
    twin(giant)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
    shown = {v["var"]: v["val"] for v in recorder.records()[-2]["local_vars"]}
    assert fits(shown["x"]) if name == "x" else isinstance(shown["y"], Redacted)
    while kind == "nested" and giant:
        giant = giant[0]


def test_13_what_is_read_from_a_secret_place_is_hidden_under_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "import os\nfrom_environment = os.environ['API_KEY']\nfirst, second = os.getenv('OTHER_TOKEN'), 'shown'\n"
        "def get_password():\n    return ''.join(['can', 'ary-five'])\n"
        "class Holder:\n    db_password = 'can' 'ary-four'.lower()\n"
        "def f(settings):\n    one = settings.get('secret_key', 'x')\n    two = get_password() or 'x'\n"
        "    three = [token for token in settings['list']]\n    four = getattr(Holder, 'db_password')\n"
        "    five: str = settings['nothing'] if settings.get('no') else settings['api_key']\n"
        "    return (lambda: settings.get('secret_key'))(), one\n"
        "def g(settings):\n    def inner(key=settings['api_key']):\n        return key\n    yield settings['api_key']\n    yield inner()\n"
        "given = {'secret_key': 'can' 'ary-one', 'api_key': 'canary-three', 'list': ['can' 'ary-listed'] * 0}\nresult = f(given), list(g(given))\n"
    )
    (tmp_path / "places.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("API_KEY", "canary-environment")
    monkeypatch.setenv("OTHER_TOKEN", "canary-other")
    dicts: list[dict[str, Any]] = []
    recorder = Recorder()
    for follower in (dicts.append, recorder):
        with install_import_hook("places", follower=follower, config=HIDING):
            __import__("places")
        del sys.modules["places"]
        assert "second" in repr(dicts)
    recorded = recorder.records()
    assert "canary" not in repr(dicts) and "canary" not in repr(recorded)
    shown = {v["var"]: v["val"] for record in recorded for v in record["local_vars"]}
    hidden = ("from_environment", "first", "one", "two", "three", "four", "five")
    assert [name for name in hidden if not isinstance(shown[name], Redacted)] == [] and shown["second"] == "shown"
    assert [(r["function"], r["instruction"]) for r in recorded] == [(r["function"], r["instruction"]) for r in dicts]
