def f():
    text = '''a
b'''
    if text: return '''
c'''
    return (
        1,  # one
        2,
    )
