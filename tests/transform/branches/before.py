def f(n):
    """Doc."""
    if n: x = 1; y = 2
    elif n is None or n > 3:
        return n, 1
    while n:
        n -= 1
        if n == 2: break
        continue
    return
