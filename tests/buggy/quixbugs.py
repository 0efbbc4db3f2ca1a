"""The seven programs of the acceptance: well-known algorithms, each with its bug (after QuixBugs, MIT licence).

A line that ends in ``# BUG`` is the root cause; where something is missing, the line that shows it ends in
``# MISSING`` and what is right stands after it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Buggy:
    """A program with a bug.

    Attributes:
        name: its name.
        source: its text.
        right: the same without the bug.
        target: what ``why`` is asked.
        omitted: whether the bug is that something is missing.
    """

    name: str
    source: str
    right: str
    target: str = "return"
    omitted: bool = False

    @property
    def root(self) -> int:
        """The line of the root cause."""
        return next(n for n, line in enumerate(self.source.splitlines(), 1) if "# BUG" in line)


LIS = """
def lis(arr):
    ends = {}
    longest = 0
    for i, val in enumerate(arr):
        prefix_lengths = [j for j in range(1, longest + 1) if arr[ends[j]] < val]
        length = max(prefix_lengths) if prefix_lengths else 0
        if length == longest or val < arr[ends[length + 1]]:
            ends[length + 1] = i
            longest = length + 1  # BUG
    return longest

lis([9, 11, 2, 13, 7, 15])
"""

KNAPSACK = """
def knapsack(capacity, items):
    memo = {}
    for i in range(len(items) + 1):
        for j in range(capacity + 1):
            memo[i, j] = 0
    for i in range(1, len(items) + 1):
        weight, value = items[i - 1]
        for j in range(1, capacity + 1):
            memo[i, j] = memo[i - 1, j]
            if weight < j:  # BUG
                memo[i, j] = max(memo[i, j], value + memo[i - 1, j - weight])
    return memo[len(items), capacity]

knapsack(26, [[12, 24], [7, 13], [11, 23], [8, 15], [9, 16]])
"""

RPN = """
def rpn_eval(tokens):
    def op(symbol, a, b):
        return {
            '+': lambda a, b: a + b,
            '-': lambda a, b: a - b,
            '*': lambda a, b: a * b,
            '/': lambda a, b: a / b,
        }[symbol](a, b)
    stack = []
    for token in tokens:
        if isinstance(token, float):
            stack.append(token)
        else:
            a = stack.pop()
            b = stack.pop()
            stack.append(op(token, a, b))  # BUG
    return stack.pop()

rpn_eval([3.0, 5.0, '+', 2.0, '/'])
"""

MST = """
def minimum_spanning_tree(weight_by_edge):
    group_by_node = {}
    mst_edges = set()
    for edge in sorted(weight_by_edge, key=weight_by_edge.__getitem__):
        u, v = edge
        if group_by_node.setdefault(u, {u}) != group_by_node.setdefault(v, {v}):
            mst_edges.add(edge)
            group_by_node[u].update(group_by_node[v])
            for node in group_by_node[v]:
                group_by_node[node].update(group_by_node[u])  # BUG
    return mst_edges

minimum_spanning_tree({(1, 2): 10, (2, 3): 15, (3, 4): 10, (1, 4): 10})
"""

FLATTEN = """
def flatten(arr):
    for x in arr:
        if isinstance(x, list):
            for y in flatten(x):
                yield y
        else:
            yield flatten(x)  # BUG

def collect(arr):
    found = []
    for item in flatten(arr):
        found.append(item)
    return found

collect([1, 4, 6])
"""

REVERSE = """
class Node:
    def __init__(self, value, successor=None):
        self.value = value
        self.successor = successor

def reverse_linked_list(node):
    prevnode = None
    while node:
        nextnode = node.successor
        node.successor = prevnode
        node = nextnode
    return prevnode

reverse_linked_list(Node(1, Node(2, Node(3))))
"""

SHUNTING = """
def shunting_yard(tokens):
    precedence = {'+': 1, '-': 1, '*': 2, '/': 2}
    rpntokens = []
    opstack = []
    for token in tokens:
        if isinstance(token, int):
            rpntokens.append(token)
        else:
            while opstack and precedence[token] <= precedence[opstack[-1]]:
                rpntokens.append(opstack.pop())
    while opstack:
        rpntokens.append(opstack.pop())
    return rpntokens

shunting_yard([10, '-', 5, '-', 2])
"""

SEVEN = (
    Buggy("lis", LIS, LIS.replace("longest = length + 1", "longest = max(longest, length + 1)")),
    Buggy("knapsack", KNAPSACK, KNAPSACK.replace("weight < j", "weight <= j")),
    Buggy("rpn_eval", RPN, RPN.replace("op(token, a, b))", "op(token, b, a))")),
    Buggy(
        "minimum_spanning_tree",
        MST,
        MST.replace("group_by_node[node].update(group_by_node[u])", "group_by_node[node] = group_by_node[u]"),
        target="exception",
    ),
    Buggy("flatten", FLATTEN, FLATTEN.replace("yield flatten(x)", "yield x"), target="found"),
    Buggy(
        "reverse_linked_list",
        REVERSE,
        REVERSE.replace("        node = nextnode\n", "        prevnode = node\n        node = nextnode\n"),
        omitted=True,
    ),
    Buggy(
        "shunting_yard",
        SHUNTING,
        SHUNTING.replace("(opstack.pop())\n    while", "(opstack.pop())\n            opstack.append(token)\n    while"),
        omitted=True,
    ),
)
