"""A bug hunt: record a run, then ask the recording where a wrong value came from: python examples/bug_hunt.py"""

import tempfile
from pathlib import Path

from follow import FollowConfig, Recorder, follow, load
from follow.cli import main


def parse(line):
    name, _, rest = line.partition(":")
    amount, _, unit = rest.strip().partition(" ")
    grams = int(amount)
    if unit == "kg":
        grams = grams * 100
    return name, grams


def total_weight(lines):
    total = 0
    for line in lines:
        _, grams = parse(line)
        total += grams
    return total


def hunt(file):
    """What the command line would be told is told to its function here: ``follow var FILE total`` and so on."""
    with Recorder(file) as recorder:
        followed = follow(total_weight, recorder, config=FollowConfig(follow_function_calls=True))
        found = followed(["salt: 500 g", "flour: 2 kg"])
    print(f"The total is {found} g; it should be 2500 g.\n\nIts history (follow var FILE total):")
    main(["var", file, "total"])
    *_, last = load(file).history("total")
    print(f"\nWhy was it that at the end? (follow why FILE total@{last.event.sequence}):")
    main(["why", file, f"total@{last.event.sequence}"])
    print("\nThe calls of parse (follow calls FILE parse):")
    main(["calls", file, "parse"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        hunt(str(Path(folder) / "shopping.follow"))
