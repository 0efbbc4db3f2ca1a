def f(n):
    __follow = __follow_enter_0()
    try:
        if n:
            __follow_0(__follow, n)
            x = 1
            __follow_1(__follow, n, x)
        else:
            __follow_2(__follow, n)
        if n or (y := __follow_keep_1(__follow, n)):
            __follow_3(__follow, n)
            x = 2
            __follow_4(__follow, n, x)
        else:
            __follow_5(__follow, n)
        __follow_6(__follow)
        return
    except:
        try:
            __follow_raised_0(__follow)
        except __follow_RecursionError:
            pass
        raise
