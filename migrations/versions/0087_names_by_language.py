"""Names of organisations and the reasons of a route are texts by language, in as many as the country has.

What was Albanian and English is both languages of one column. A desk is written to in any language.
"""

import sqlalchemy as sa
from alembic import op

from nrm import schema

revision = "0087_names_by_language"
down_revision = "0086_country_versions"
branch_labels = None
depends_on = None

TEXTS = {"organisations": ("name", "names"), "route_candidates": ("reason",) * 2, "route_exclusions": ("reason",) * 2}
"""Table -> what its columns of one language begin with, and the column of all languages."""
BOTH = ("sq", "en")
TWO_LANGUAGES, ANY_LANGUAGE = "language IN ('sq', 'en')", "language <> ''"


def upgrade(database: str) -> None:
    if database != "main":
        return
    connection = op.get_bind()
    for table, (before, after) in TEXTS.items():
        op.add_column(table, sa.Column(after, sa.JSON(), nullable=False, server_default="{}"))
        rows = _rows(table, before, after)
        for id_, *texts, _ in connection.execute(sa.select(rows)).all():
            there = dict(zip(BOTH, texts, strict=True))
            connection.execute(rows.update().where(rows.c.id == id_).values({after: there}))
        for language in BOTH:
            op.drop_column(table, f"{before}_{language}")
    schema.exchange_check("mailboxes", "known_language", TWO_LANGUAGES, ANY_LANGUAGE)


def downgrade(database: str) -> None:
    """A language that has no column is forgotten; where there is no Albanian or English text, another one stands. A desk
    that is written to in another language is written to in English."""
    if database != "main":
        return
    connection = op.get_bind()
    mailboxes = sa.table("mailboxes", sa.column("language", sa.String()))
    op.execute(mailboxes.update().where(mailboxes.c.language.not_in(BOTH)).values(language="en"))
    schema.exchange_check("mailboxes", "known_language", ANY_LANGUAGE, TWO_LANGUAGES)
    for table, (before, after) in TEXTS.items():
        for language in BOTH:
            op.add_column(table, sa.Column(f"{before}_{language}", sa.String(), nullable=False, server_default=""))
        rows = _rows(table, before, after)
        for id_, *_, texts in connection.execute(sa.select(rows)).all():
            any_text = next((text for text in texts.values() if text), "")
            said = {f"{before}_{language}": texts.get(language) or any_text for language in BOTH}
            connection.execute(rows.update().where(rows.c.id == id_).values(said))
        op.drop_column(table, after)


def _rows(table: str, before: str, after: str) -> sa.TableClause:
    single = (sa.column(f"{before}_{language}", sa.String()) for language in BOTH)
    return sa.table(table, sa.column("id", sa.Uuid()), *single, sa.column(after, sa.JSON()))
