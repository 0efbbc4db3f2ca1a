def f():
    __follow = __follow_enter_0()
    try:
        # a comment
        a = 1
        __follow_0(__follow, a)
        for i in range(3):  # the loop
            __follow_1(__follow, a, i)
            b = a + i
            __follow_2(__follow, a, i, b)
        else:
            __follow_3(__follow)
    except:
        try:
            __follow_raised_0(__follow)
        except __follow_RecursionError:
            pass
        raise
