"""Real code, plain and with all of it followed: the outcomes are the same. ``python -m tests.gauntlet --help``."""
