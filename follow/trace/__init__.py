"""Trace files: written by a recorder, read back with ``follow.load``. FORMAT.md beside this file describes them."""
