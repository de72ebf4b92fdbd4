"""What each worker process of `nrm serve` runs: the application, and the thread that tends."""

from nrm.cli.serving import tend_in_one_worker
from wsgi import app

tend_in_one_worker(app)

__all__ = ["app"]
