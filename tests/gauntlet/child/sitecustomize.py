"""Install the hook when the interpreter starts."""

import os

if "FOLLOW_GAUNTLET" in os.environ:
    import follow_gauntlet  # noqa: F401
