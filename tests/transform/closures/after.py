def f(a):
    __follow = __follow_enter_0()
    try:
        def g():
            __follow = __follow_enter_1()
            try:
                return __follow_return_1(__follow, a)
            except:
                try:
                    __follow_raised_1(__follow)
                except __follow_RecursionError:
                    pass
                raise
        __follow_0(__follow, a, g)
        h = lambda q: __follow_lambda_2(__follow_enter_2(), (yield q), q)
        __follow_3(__follow, a, g, h)
        class C:
            def m(self):
                __follow = __follow_enter_3()
                try:
                    return __follow_return_5(__follow, __follow_locals(__follow, locals()))
                except:
                    try:
                        __follow_raised_2(__follow)
                    except __follow_RecursionError:
                        pass
                    raise
        __follow_4(__follow, a, g, h, C)
        return __follow_return_6(__follow, [g, h, C])
    except:
        try:
            __follow_raised_0(__follow)
        except __follow_RecursionError:
            pass
        raise
