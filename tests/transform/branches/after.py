def f(n):
    """Doc."""
    __follow = __follow_enter_0()
    try:
        if n:
            __follow_0(__follow, n)
            x = 1
            __follow_1(__follow, n, x)
            y = 2
            __follow_2(__follow, n, x, y)
        elif __follow_3(__follow, n) or (n is None or n > 3):
            __follow_4(__follow, n)
            return __follow_return_5(__follow, (n, 1))
        else:
            __follow_6(__follow, n)
        while n:
            __follow_7(__follow, n)
            n -= 1
            __follow_8(__follow, n)
            if n == 2:
                __follow_9(__follow, n)
                __follow_10(__follow, n)
                break
            else:
                __follow_11(__follow, n)
            __follow_12(__follow, n)
            continue
        else:
            __follow_13(__follow, n)
        __follow_14(__follow)
        return
    except:
        try:
            __follow_raised_0(__follow)
        except __follow_RecursionError:
            pass
        raise
