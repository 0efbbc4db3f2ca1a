"""Benchmarks: ``python -m benchmarks`` runs all of them, each measurement in a process of its own."""
