"""Door 2: modules whose name matches are rewritten when they are imported, module level included."""

from __future__ import annotations

import ast
import importlib.machinery
import os
import sys
import warnings
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from .accelerate import tells_objects
from .asserts import AssertLoader, is_hook, rewritten_by
from .build import build_module
from .cache import Cache
from .channel import Channel
from .config import FollowConfig
from .decorator import new_channel, probes_for
from .deep import deeply
from .errors import FollowError, FollowWarning, defects_reported, warn
from .followers import as_followers
from .later import Stored
from .linking import meanings_of, take_apart
from .model import Lookup
from .original import Original
from .packed import Packed, pack, unpack
from .progress import Progress
from .registry import remember_hooked
from .selection import matches
from .source import Source, undisturbed
from .transform import rewrite_module


def follow_source(
    text: str, filename: str, config: FollowConfig, channel: Channel, finish: Callable[[ast.Module], None] | None = None
) -> CodeType:
    """The code of a module whose statements and functions are followed.

    Arguments:
        text: its source.
        filename: the file that it stands in.
        config: what is followed.
        channel: where the records go.
        finish: changes the tree, which holds the probes by then, before it is compiled.

    Raises:
        SyntaxError: the text is not Python.
        TransformError: it cannot be rewritten.
    """
    packed = _rewritten(text, filename, config, channel, finish=finish)
    return _linked(*unpack(packed, filename), filename, channel)


def _rewritten(
    text: str,
    filename: str,
    config: FollowConfig,
    channel: Channel,
    *,
    asserts: bool = False,
    finish: Callable[[ast.Module], None] | None = None,
) -> Packed:
    source, events = Source(filename, text, 0, asserts), channel.events

    def work() -> Packed:
        with undisturbed(), defects_reported(filename):
            rewritten = rewrite_module(source, config, objects=tells_objects(events))
            code = build_module(source, rewritten, events=events, finish=finish)
            meanings = meanings_of(rewritten.tables, events=events)
            return pack(take_apart(code, meanings, filename=filename), rewritten.tables)

    return deeply(work)


def _linked(stored: Stored, tables: Lookup, filename: str, channel: Channel) -> CodeType:
    remember_hooked(filename, channel)
    probes = probes_for(tables, channel)
    return stored.code(filename, probes.resolve_all, probes.makers)


class Rewriting:
    """How an import hook gets the followed code of modules: from the cache, or by rewriting them.

    Arguments:
        config: what is followed.
        channel: where the records go.
    """

    def __init__(self, config: FollowConfig, channel: Channel) -> None:
        self._config = config
        self._channel = channel
        self._caches: dict[bool, Cache] = {}
        self._cache(asserts=False)
        self.progress = Progress()

    def code(self, loader: Any, fullname: str) -> CodeType | None:
        """The followed code of a module; None where its loader has no source of it.

        Raises:
            SyntaxError: the text is not Python.
            TransformError: it cannot be rewritten.
        """
        filename = loader.get_filename(fullname)
        original = Original(loader, filename)
        asserts = isinstance(loader, AssertLoader)
        cache = self._cache(asserts=asserts)
        found = cache.load(original)
        if found is None:
            original.hash()  # before the text is read: nothing is to be kept as of a newer text than it is of
            text = loader.get_source(fullname)
            if text is None:
                return None
            loader.get_code(fullname)  # gives the warnings and errors of a plain import, and keeps its code
            with self.progress.rewriting(fullname, text):
                packed = _rewritten(text, filename, self._config, self._channel, asserts=asserts)
            cache.store(original, packed)
            found = unpack(packed, filename)
        if asserts:
            loader.note(fullname)
        return _linked(*found, filename, self._channel)

    def _cache(self, *, asserts: bool) -> Cache:
        if asserts not in self._caches:
            other = rewritten_by() if asserts else ""
            self._caches[asserts] = Cache(self._config, events=self._channel.events, other=other)
        return self._caches[asserts]


class FollowLoader:
    """The original loader, but for the code that it gives; ``isinstance`` takes it for the original."""

    def __init__(self, loader: Any, rewriting: Rewriting) -> None:
        self._loader = loader
        self._rewriting = rewriting

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # type: ignore[override, misc]
        return type(self._loader)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def get_code(self, fullname: str) -> CodeType | None:
        """The followed code, or the plain code (with one warning) where it cannot be rewritten."""
        try:
            code = self._rewriting.code(self._loader, fullname)
        except (FollowError, RecursionError) as error:
            warn(f"The module {fullname} is not followed: {error}")
            code = None
        return self._loader.get_code(fullname) if code is None else code

    def get_source(self, fullname: str) -> str | None:
        """The original source."""
        text: str | None = self._loader.get_source(fullname)
        return text

    def is_package(self, fullname: str) -> bool:
        """Whether it is a package."""
        return bool(self._loader.is_package(fullname))

    def create_module(self, spec: Any) -> Any:
        """As the original loader does."""
        return self._loader.create_module(spec)

    def load_module(self, fullname: str) -> ModuleType:
        """As ``importlib.abc.Loader`` does it."""
        return importlib._bootstrap._load_module_shim(self, fullname)  # type: ignore[attr-defined, no-any-return]

    exec_module = SourceFileLoader.exec_module
    """Importlib's own, so that no frame of follow stands between a module and who imports it."""


class ImportHook:
    """A handle: ``select(name, spec)`` tells what is followed (``spec`` is None when it is first asked).

    ``uninstall()`` or leaving ``with`` takes the hook away; modules imported meanwhile fall silent."""

    def __init__(self, select: Callable[[str, Any], bool], config: FollowConfig, channel: Channel) -> None:
        self._select = select
        self._channel = channel
        self.rewriting = Rewriting(config, channel)
        """How it gets the followed code of modules."""

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> Any:
        """The spec that the other finders give, its loader wrapped where the name matches."""
        if not self._select(fullname, None):
            return None
        for finder in sys.meta_path:
            if finder is self or isinstance(finder, ImportHook):
                continue
            find = getattr(finder, "find_spec", None)
            spec = None if find is None else find(fullname, path, target)
            if spec is not None:
                return self._wrapped(spec) if self._select(fullname, spec) else spec
        return None

    def _wrapped(self, spec: Any) -> Any:
        loader = spec.loader
        if is_hook(loader):
            loader = AssertLoader(loader, spec.name, spec.origin)
        if type(loader) is SourceFileLoader or _has_source(loader):
            spec.loader = FollowLoader(loader, self.rewriting)
        return spec

    def uninstall(self) -> None:
        """Take the hook away; what it has imported makes no more records."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        self._channel.close()

    def __enter__(self) -> ImportHook:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.uninstall()


def _has_source(loader: Any) -> bool:
    """Whether a loader may have a module's source."""
    if isinstance(loader, (importlib.machinery.ExtensionFileLoader, importlib.machinery.SourcelessFileLoader)):
        return False
    return all(hasattr(loader, name) for name in ("get_source", "get_code", "get_filename"))


def install_import_hook(
    *patterns: str,
    config: FollowConfig | None = None,
    follower: object = print,
    already_imported: str = "warn",
) -> ImportHook:
    """Follow whole modules when they are imported, their top level too.

    Arguments:
        patterns: dotted names: ``"pkg"`` (and all in it) or with wildcards, ``"pkg.*"``.
        config: what is followed.
        follower: what receives the records.
        already_imported: what happens when a matching module is loaded already: ``"error"``, ``"warn"``
            or ``"ignore"``. ``follow.instrument`` follows such a module.

    Returns:
        A handle; ``handle.uninstall()`` or leaving ``with handle:`` takes the hook away.

    Raises:
        ImportError: a matching module is loaded already, and ``already_imported`` is ``"error"``.
        TypeError: an argument is of the wrong type.
        ValueError: there is no pattern, or ``already_imported`` is none of the three.
    """
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise ValueError(f"install_import_hook() must be given the names of modules, not {patterns!r}.")
    if already_imported not in ("error", "warn", "ignore"):
        raise ValueError(f"already_imported must be 'error', 'warn' or 'ignore', not {already_imported!r}.")
    config = config or FollowConfig()
    channel = new_channel(config, as_followers(follower), ", ".join(patterns))
    hook = ImportHook(lambda name, _: matches(name, patterns), config, channel)
    if os.environ.get("FOLLOW_DISABLED") == "1":
        return hook
    loaded = sorted(name for name in sys.modules if matches(name, patterns))
    if loaded and already_imported != "ignore":
        message = (
            f"{', '.join(loaded[:5])}{' …' if len(loaded) > 5 else ''} is imported already and will not be followed; "
            f"install the hook earlier, or call follow.instrument() with the module."
        )
        if already_imported == "error":
            raise ImportError(message)
        warnings.warn(message, FollowWarning, stacklevel=2)
    sys.meta_path.insert(0, hook)
    return hook
