"""A pandas transformation, the frame after each step: pip install pandas; python examples/pandas_transformation.py"""

import pandas

from follow import FollowConfig, follow


def show(record):
    """The statement, and the frame as it is now: with values="live" the follower gets the objects themselves."""
    values = {v["var"]: v["val"] for v in record["local_vars"]}
    print(f">>> {record['instruction']}")
    print(next(reversed(values.values())).to_string(), end="\n\n")


@follow(follower=show, config=FollowConfig(values="live", follow_return=True))
def revenue_by_city(orders):
    orders = orders.dropna(subset=["price"])
    orders = orders.assign(city=orders["city"].str.strip().str.title())
    orders = orders[orders["pieces"] > 0]
    orders = orders.assign(revenue=orders["pieces"] * orders["price"])
    return orders.groupby("city")["revenue"].sum()


revenue_by_city(
    pandas.DataFrame(
        {
            "city": ["rome", " Oslo", "Rome ", "oslo", "Oslo"],
            "pieces": [3, 1, 2, 0, 4],
            "price": [2.5, 10.0, 4.0, 3.0, None],
        }
    )
)
