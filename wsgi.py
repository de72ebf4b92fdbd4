"""The application for a WSGI server: `wsgi:app`, configured from the environment."""

import gc
import os

gc.disable()  # nothing that is loaded here is garbage

from config import load_config  # noqa: E402
from nrm import create_app  # noqa: E402

app = create_app(load_config(os.environ))
# Country, catalogues and templates live as long as the process, so the garbage collector need not check them again.
# Nor now: of all that was loaded a collection frees a thousand small objects, and takes a tenth of the start.
gc.freeze()
gc.enable()
