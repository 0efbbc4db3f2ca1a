"""Understand a recorded run: why a value is what it is, where two runs part, and single events as text."""
