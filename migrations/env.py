"""Alembic over both databases of the running application, one after the other, each in its own transaction."""

from alembic import context

from nrm import models
from nrm.db import Model, ShredModel, db

assert models  # every table is in the metadata once the package is imported

TARGETS = {"main": (None, Model.metadata), "shred": ("shred", ShredModel.metadata)}


def run(only: str | None) -> None:
    for name, (bind, metadata) in TARGETS.items():
        if only not in (None, name):
            continue
        with db.engines[bind].connect() as connection:
            context.configure(
                connection=connection,
                target_metadata=metadata,
                render_as_batch=True,
                compare_type=True,
                upgrade_token=f"{name}_upgrades",
                downgrade_token=f"{name}_downgrades",
            )
            with context.begin_transaction():
                context.run_migrations(database=name)
            connection.commit()


run(context.get_x_argument(as_dictionary=True).get("database"))
