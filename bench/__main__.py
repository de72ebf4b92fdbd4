"""`python -m bench [NAME ...]`: all benchmarks, or those named."""

from __future__ import annotations

import sys

from bench import (
    agreements,
    audit,
    before,
    building,
    documents,
    forms,
    keylog,
    keys,
    linkage,
    pages,
    published,
    questionnaire,
    scale,
    sealing,
    statistics,
    tabulation,
    told,
    vault,
)

ALL = {
    "agreements": agreements.main,
    "audit": audit.main,
    "before": before.main,
    "building": building.main,
    "documents": documents.main,
    "forms": forms.main,
    "keylog": keylog.main,
    "keys": keys.main,
    "linkage": linkage.main,
    "questionnaire": questionnaire.main,
    "sealing": sealing.main,
    "pages": pages.main,
    "published": published.main,
    "scale": scale.main,
    "statistics": statistics.main,
    "tabulation": tabulation.main,
    "told": told.main,
    "vault": vault.main,
}

for name in sys.argv[1:] or ALL:
    if name not in ALL:
        sys.exit(f"bench: {name}: choose from {', '.join(ALL)}")
    print(f"== {name}", flush=True)
    ALL[name]()
