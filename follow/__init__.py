"""follow shows what Python code did, statement by statement."""

from .capture import Shortened
from .config import FollowConfig
from .decorator import follow
from .described import Described
from .errors import (
    FollowError,
    FollowerWarning,
    FollowWarning,
    MissingExtra,
    SourceUnavailable,
    TraceError,
    TransformError,
)
from .export.jsonl import jsonl
from .followers.text import text
from .generated import generated_source
from .importhook import install_import_hook
from .instrument import instrument
from .recorder import Recorder
from .trace.reader import load
from .version import __version__

__all__ = [
    "Described",
    "FollowConfig",
    "FollowError",
    "FollowWarning",
    "FollowerWarning",
    "MissingExtra",
    "Recorder",
    "Shortened",
    "SourceUnavailable",
    "TraceError",
    "TransformError",
    "__version__",
    "follow",
    "generated_source",
    "install_import_hook",
    "instrument",
    "jsonl",
    "load",
    "text",
]
