def f():
    try:
        with open("x") as g:
            g.read()
    except OSError as e:
        e = None
        raise
    else:
        pass
    finally:
        done = 1
    match done:
        case 1:
            del done
