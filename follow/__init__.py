"""follow shows what Python code did, statement by statement."""

from .capture import Shortened
from .config import FollowConfig
from .decorator import follow
from .described import Described, Redacted
from .errors import FollowError, FollowerWarning, FollowWarning, SourceUnavailable, TraceError, TransformError
from .generated import generated_source
from .importhook import install_import_hook
from .instrument import instrument
from .recorder import Recorder
from .secretnames import SECRETS
from .trace.reader import load
from .version import __version__

__all__ = [
    "SECRETS",
    "Described",
    "FollowConfig",
    "FollowError",
    "FollowWarning",
    "FollowerWarning",
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
    "load",
]
