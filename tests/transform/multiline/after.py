def f():
    __follow = __follow_enter_0()
    try:
        text = '''a
b'''
        __follow_0(__follow, text)
        if text:
            __follow_1(__follow, text)
            return __follow_return_2(__follow, '''
c''')
        else:
            __follow_3(__follow, text)
        return __follow_return_4(__follow, (
            1,  # one
            2,
        ))
    except:
        try:
            __follow_raised_0(__follow)
        except __follow_RecursionError:
            pass
        raise
