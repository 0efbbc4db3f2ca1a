def f():
    # a comment
    a = 1
    for i in range(3):  # the loop
        b = a + i
    # the end
