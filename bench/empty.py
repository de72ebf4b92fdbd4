"""The anchor: an empty Flask route."""

from flask import Flask

app = Flask(__name__)


@app.route("/", methods=["GET", "POST"])
def index() -> str:
    return "ok"
