"""A failing test whose report ends with what ran: python -m pytest --follow-on-failure examples/pytest_failure.py"""


def discount(price, percent):
    reduced = price - price * percent / 100
    if reduced < 0:
        reduced = 0
    return round(reduced)


def basket(prices, percent):
    total = 0
    for price in prices:
        total += discount(price, percent)
    return total


def test_basket_is_discounted_as_a_whole():
    assert basket([5, 5, 15], 10) == 22.5
