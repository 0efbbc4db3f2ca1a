"""One method of the standard library at work, in a twin that only we call: python examples/longest_match.py"""

from difflib import SequenceMatcher
from types import MethodType

from follow import FollowConfig, follow


def show(record):
    """One line a statement: the time, the statement, the variables that are small enough to read."""
    shown = {v["var"]: v["val"] for v in record["local_vars"] if isinstance(v["val"], (int, str))}
    values = "  ".join(f"{name}={value!r}" for name, value in shown.items())
    print(f"{record['execution_time']:8.3f} ms  {record['instruction'][:48]:48}  {values}")


matcher = SequenceMatcher(None, "tracing", "racing cars")
config = FollowConfig(follow_return=True)
find = MethodType(follow(SequenceMatcher.find_longest_match, show, config=config), matcher)
print(find(0, 7, 0, 11))
