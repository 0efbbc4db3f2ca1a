"""Twenty further programs, each with one bug of a kind that people make."""

from __future__ import annotations

from .quixbugs import Buggy


def buggy(name: str, source: str, wrong: str, right: str, target: str = "return", *, omitted: bool = False) -> Buggy:
    """A program whose right form has another text in place of the wrong one."""
    assert source.count(wrong) == 1, name
    return Buggy(name, source, source.replace(wrong, right), target, omitted)


TWENTY = (
    buggy(
        "off_by_one",
        "\ndef total(rows):\n    result = 0\n    for i in range(len(rows) - 1):  # BUG\n        result += rows[i]\n    return result\n\ntotal([1, 2, 3])\n",
        "range(len(rows) - 1)",
        "range(len(rows))",
    ),
    buggy(
        "wrong_initial_value",
        "\ndef product(rows):\n    result = 0  # BUG\n    for row in rows:\n        result *= row\n    return result\n\nproduct([2, 3])\n",
        "result = 0",
        "result = 1",
    ),
    buggy(
        "comparison_turned_round",
        "\ndef biggest(rows):\n    best = rows[0]\n    for row in rows[1:]:\n        if row < best:  # BUG\n            best = row\n    return best\n\nbiggest([3, 9, 1])\n",
        "row < best",
        "row > best",
    ),
    buggy(
        "alias_instead_of_copy",
        "\ndef grid(width, height):\n    row = [0] * width\n    rows = [row for _ in range(height)]  # BUG\n    rows[0][0] = 1\n    return rows[1][0]\n\ngrid(2, 2)\n",
        "[row for _",
        "[row[:] for _",
    ),
    buggy(
        "shared_default",
        "\ndef collect(item, found=[]):  # BUG\n    found.append(item)\n    return found\n\ncollect(1)\ncollect(2)\n",
        "found=[]):",
        "found=None):\n    found = found or []",
    ),
    buggy(
        "late_binding",
        "\ndef makers():\n    made = []\n    for n in range(3):\n        made.append(lambda: n)  # BUG\n    return [make() for make in made]\n\nmakers()\n",
        "lambda: n",
        "lambda n=n: n",
    ),
    buggy(
        "attribute_not_updated",
        "\nclass Account:\n    def __init__(self, balance):\n        self.balance = balance\n    def pay(self, amount):\n        balance = self.balance - amount  # BUG\n        return balance\n\ndef run():\n    account = Account(10)\n    account.pay(3)\n    return account.balance\n\nrun()\n",
        "        balance = self.balance - amount  # BUG\n        return balance",
        "        self.balance = self.balance - amount\n        return self.balance",
        omitted=True,
    ),
    buggy(
        "wrong_attribute",
        "\nclass Box:\n    def __init__(self, width, height):\n        self.width = width\n        self.height = width  # BUG\n    def area(self):\n        return self.width * self.height\n\ndef run():\n    box = Box(2, 5)\n    return box.area()\n\nrun()\n",
        "self.height = width",
        "self.height = height",
    ),
    buggy(
        "arguments_swapped",
        "\ndef divide(a, b):\n    return a / b\n\ndef mean(rows):\n    total = sum(rows)\n    result = divide(len(rows), total)  # BUG\n    return result\n\nmean([4, 8])\n",
        "divide(len(rows), total)",
        "divide(total, len(rows))",
    ),
    buggy(
        "recursion_base",
        "\ndef power(base, n):\n    if n == 0:\n        return 0  # BUG\n    return base * power(base, n - 1)\n\npower(2, 3)\n",
        "return 0",
        "return 1",
    ),
    buggy(
        "recursion_step",
        "\ndef count(node):\n    if node is None:\n        return 0\n    left, right = node\n    return count(left) + count(right)  # BUG\n\ncount(((None, None), (None, None)))\n",
        "count(left) + count(right)",
        "1 + count(left) + count(right)",
    ),
    buggy(
        "wrong_key",
        "\ndef tally(words):\n    counts = {}\n    for word in words:\n        counts[word] = counts.get(words[0], 0) + 1  # BUG\n    return counts['b']\n\ntally(['a', 'b', 'b'])\n",
        "counts.get(words[0], 0)",
        "counts.get(word, 0)",
    ),
    buggy(
        "swallowed_exception",
        "\ndef parse(texts):\n    values = []\n    for text in texts:\n        try:\n            value = int(text)\n        except ValueError:\n            value = 0  # BUG\n        values.append(value)\n    return sum(values)\n\nparse(['1', 'x'])\n",
        "value = 0",
        "value = -1",
    ),
    buggy(
        "generator_stops_early",
        "\ndef take(rows, n):\n    for i, row in enumerate(rows):\n        if i == n - 1:  # BUG\n            return\n        yield row\n\ndef run():\n    found = []\n    for row in take([5, 6, 7], 2):\n        found.append(row)\n    return found\n\nrun()\n",
        "i == n - 1",
        "i == n",
    ),
    buggy(
        "generator_wrong_value",
        "\ndef squares(n):\n    for i in range(n):\n        yield i + i  # BUG\n\ndef run():\n    total = 0\n    for square in squares(4):\n        total += square\n    return total\n\nrun()\n",
        "yield i + i",
        "yield i * i",
    ),
    buggy(
        "closure_counter",
        "\ndef counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 2  # BUG\n        return n\n    return step\n\ndef run():\n    step = counter()\n    step()\n    last = step()\n    return last\n\nrun()\n",
        "n += 2",
        "n += 1",
    ),
    buggy(
        "global_state",
        "\nrate = 10\n\ndef raise_rate():\n    global rate\n    rate = rate + 10  # BUG\n\ndef price(n):\n    raise_rate()\n    return n * rate\n\nprice(2)\n",
        "rate = rate + 10",
        "rate = rate + 1",
    ),
    buggy(
        "missing_else",
        "\ndef grade(points):\n    mark = 'F'\n    if points > 90:\n        mark = 'A'\n    elif points > 80:  # BUG\n        mark = 'B'\n    return mark\n\ngrade(80)\n",
        "points > 80",
        "points >= 80",
    ),
    buggy(
        "uncaught",
        "\ndef lookup(table, name):\n    return table[name]\n\ndef run():\n    table = {'a': 1}\n    name = 'a'.upper()  # BUG\n    return lookup(table, name)\n\nrun()\n",
        "'a'.upper()",
        "'a'.lower()",
        target="exception",
    ),
    buggy(
        "forgotten_append",
        "\ndef evens(rows):\n    found = []\n    for row in rows:\n        if row % 2 == 0:\n            kept = row  # BUG\n    return found\n\nevens([2, 3, 4])\n",
        "kept = row  # BUG",
        "found.append(row)",
        omitted=True,
    ),
)

STATE = (
    buggy(
        "registry_key",
        "\nSEEN = {}\n\ndef register(name, price):\n    SEEN[name.strip()] = price * 2  # BUG\n\ndef load(lines):\n    for line in lines:\n        name, _, price = line.partition('=')\n        register(name, int(price))\n\ndef lookup(name):\n    price = SEEN[name]\n    return price\n\nload(['a = 1', 'b = 2'])\nlookup('b')\n",
        "price * 2",
        "price",
    ),
    buggy(
        "queue_taken_from_the_wrong_end",
        "\nfrom collections import deque\nJOBS = deque()\n\ndef push(job):\n    JOBS.appendleft(job)  # BUG\n\ndef take():\n    return JOBS.popleft()\n\ndef run():\n    push('first')\n    push('second')\n    done = take()\n    return done\n\nrun()\n",
        "JOBS.appendleft(job)",
        "JOBS.append(job)",
    ),
    buggy(
        "heap_of_the_module",
        "\nimport heapq\nHEAP = []\n\ndef add(cost, name):\n    heapq.heappush(HEAP, (-cost, name))  # BUG\n\ndef cheapest():\n    add(3, 'b')\n    add(1, 'a')\n    cost, name = HEAP[0]\n    return name\n\ncheapest()\n",
        "(-cost, name)",
        "(cost, name)",
    ),
    buggy(
        "settings_given_to_a_function",
        "\nSETTINGS = {'rate': 10}\n\ndef put(table, key, value):\n    table[key] = value + value  # BUG\n\ndef refresh(value):\n    put(SETTINGS, 'rate', value)\n\ndef price(n):\n    refresh(11)\n    rate = SETTINGS['rate']\n    return n * rate\n\nprice(2)\n",
        "value + value",
        "value",
    ),
)
"""Four more, about what functions do to variables of their module."""
