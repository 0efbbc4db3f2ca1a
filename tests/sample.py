"""What the transparency tests follow: every layout that could shift a line."""


def walk(n):
    """Doc."""
    total = 0
    for i in range(
        n,
    ):
        total += i * 2
        while total > 100:
            break
    else:
        total = max(
            total,
            1,
        )
    return [total]


def deep(n):
    if n:
        return deep(n - 1)
    table = {}
    return table["first"] + table["second"]


def branches(n):
    kind = None
    if n == 0:
        kind = "none"
    elif n == 1 or n == 2:
        kind = "few"
    elif n > 100:
        kind = "all"
    else:
        kind = "many"
    try:
        value = int(kind == "few")
    except ValueError:
        value = -1
    else:
        value += 1
    finally:
        kind = kind.upper()
    assert kind and value >= 0
    match value:
        case 1:
            value = 10
        case 2 if n:
            value = 20
        case _:
            pass
    return [kind, value]


def suites(n):
    result = []

    def double(q):
        return q * 2

    for i in range(n):
        result.append(double(i))
        result.append(i)
    with open(__file__) as first, open(__file__) as second:
        if first is second:
            return None
        result.append((lambda x: x + 1)(n))

    class Local:
        value = n

        def get(self):
            return self.value

    if n > 1:
        if n > 2:
            for i in range(n):
                if i == 1:
                    continue
                result.append(Local().get())
    return result


def counter(n):
    while n:
        n -= 1
        received = yield n
        if received:
            break


async def agent(n):
    """Doc of agent."""
    return n
