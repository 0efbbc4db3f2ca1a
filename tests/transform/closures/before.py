def f(a):
    def g():
        return a
    h = lambda q: (yield q)
    class C:
        def m(self): return locals()
    return [g, h, C]
