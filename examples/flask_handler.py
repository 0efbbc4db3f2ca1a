"""A Flask handler shows what it did for each request: pip install flask, then python examples/flask_handler.py"""

import sys

from flask import Flask, jsonify, request

from follow import follow, text

app = Flask(__name__)
PRICES = {"apple": 30, "pear": 45}


@app.get("/price/<fruit>")
@follow(follower=text(sys.stdout, normalize=True))  # below the route: Flask gets the followed function
def price(fruit):
    amount = int(request.args.get("amount", 1))
    each = PRICES.get(fruit)
    if each is None:
        return jsonify(error=f"no {fruit} today"), 404
    cents = each * amount
    if amount >= 10:
        cents -= cents // 10
    return jsonify(fruit=fruit, cents=cents)


if __name__ == "__main__":  # without a server; `flask --app examples/flask_handler run` starts one
    client = app.test_client()
    for url in ("/price/pear?amount=12", "/price/plum"):
        print(f"GET {url}")
        answer = client.get(url)
        print(f"{answer.status}: {answer.json}\n")
