"""The anchor: an empty Flask route."""

from flask import Flask

from nrm.cli.gateway import Gateway
from nrm.cli.serving import BODY_SECONDS, THREADS

app = Flask(__name__)


@app.route("/", methods=["GET", "POST"])
def index() -> str:
    return "ok"


gateway = Gateway(app, threads=THREADS, largest=2**20, seconds=BODY_SECONDS)
