"""Perfetto's own trace processor reads what ``follow export --format perfetto`` writes: ``python -m tests.traceprocessor``."""
