"""The application for a WSGI server: `wsgi:app`, configured from the environment."""

import gc
import os

from config import load_config
from nrm import create_app

app = create_app(load_config(os.environ))
# Country, catalogues and templates live as long as the process: no collection need walk through them again.
gc.collect()
gc.freeze()
