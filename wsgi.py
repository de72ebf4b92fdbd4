"""The application for a WSGI server: `wsgi:app`, configured from the environment."""

import os

from config import load_config
from nrm import create_app

app = create_app(load_config(os.environ))
