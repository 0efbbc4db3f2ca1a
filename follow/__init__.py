"""follow shows what Python code did, statement by statement.

PYTEST_DONT_REWRITE: pytest would warn of this module if it is imported before, as by FOLLOW=….
"""

from .bounded import Shortened
from .config import FollowConfig
from .decorator import follow
from .described import Described, Redacted
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
from .ipython import load_ipython_extension, unload_ipython_extension
from .loading import load
from .looplimit import LoopLimit
from .recorder import Recorder
from .secretnames import SECRETS
from .version import __version__

__all__ = [
    "SECRETS",
    "Described",
    "FollowConfig",
    "FollowError",
    "FollowWarning",
    "FollowerWarning",
    "LoopLimit",
    "MissingExtra",
    "Recorder",
    "Redacted",
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
    "load_ipython_extension",
    "text",
    "unload_ipython_extension",
]
