"""A decorated function prints what it does, one line a statement: python examples/decorated_function.py"""

import sys

from follow import follow, text


@follow(follower=text(sys.stdout, normalize=True))
def median(values):
    ordered = sorted(values)
    middle, odd = divmod(len(ordered), 2)
    if odd:
        return ordered[middle]
    below, above = ordered[middle - 1 : middle + 1]
    return (below + above) / 2


median([5, 1, 3])
median([4, 1, 3, 2])
