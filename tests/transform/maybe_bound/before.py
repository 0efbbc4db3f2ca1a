def f(n):
    if n:
        x = 1
    if n or (y := n):
        x = 2
    return
