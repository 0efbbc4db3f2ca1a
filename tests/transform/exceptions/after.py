def f():
    __follow = __follow_enter_0()
    try:
        __follow_0(__follow)
        try:
            try:
                with open("x") as g:
                    __follow_1(__follow, g)
                    try:
                        g.read()
                        __follow_2(__follow, g)
                    except:
                        try:
                            __follow_raised_2(__follow)
                        except __follow_RecursionError:
                            pass
                        raise
            except:
                try:
                    __follow_raised_1(__follow)
                except __follow_RecursionError:
                    pass
                raise
        except OSError as e:
            __follow_3(__follow, e)
            try:
                e = None
                __follow_4(__follow, e)
                __follow_reraise_5(__follow)
                raise
            except:
                try:
                    __follow_raised_3(__follow)
                except __follow_RecursionError:
                    pass
                raise
            __follow_clear_1(__follow)
        else:
            try:
                pass
                __follow_6(__follow)
            except:
                try:
                    __follow_raised_4(__follow)
                except __follow_RecursionError:
                    pass
                raise
        finally:
            done = 1
            __follow_7(__follow, done)
        match __follow_match_8(__follow, done, done):
            case 1:
                __follow_9(__follow, done)
                del done
                __follow_10(__follow)
    except:
        try:
            __follow_raised_0(__follow)
        except __follow_RecursionError:
            pass
        raise
