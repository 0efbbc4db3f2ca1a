"""follow shows what Python code did, statement by statement."""

from .capture import Shortened
from .config import FollowConfig
from .decorator import follow
from .errors import FollowError, FollowerWarning, FollowWarning, SourceUnavailable, TransformError
from .generated import generated_source
from .importhook import install_import_hook
from .instrument import instrument

__version__ = "1.0.0.dev0"

__all__ = [
    "FollowConfig",
    "FollowError",
    "FollowWarning",
    "FollowerWarning",
    "Shortened",
    "SourceUnavailable",
    "TransformError",
    "follow",
    "generated_source",
    "install_import_hook",
    "instrument",
]
