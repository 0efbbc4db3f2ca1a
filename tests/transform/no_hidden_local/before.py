def f(code):
    exec(code)
    return 1
