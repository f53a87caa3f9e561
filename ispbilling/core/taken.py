"""What the database refused, in words: somebody else was quicker, after the form had asked whether it was free."""

from django.db import IntegrityError, models

# SQLSTATE (PostgreSQL, appendix A) of two rows that may not be both.
UNIQUE, EXCLUSION = "23505", "23P01"


def sentence(error: IntegrityError, row: models.Model | None) -> str:
    """What to tell who wanted to store the row; empty for what no other row explains, which is a bug of ours."""
    diag = getattr(error.__cause__, "diag", None)
    if row is None or diag is None or diag.table_name != row._meta.db_table:
        return ""
    if diag.sqlstate not in (UNIQUE, EXCLUSION):
        return ""
    for constraint in row._meta.constraints:
        said = constraint.violation_error_message
        if constraint.name == diag.constraint_name and said != constraint.default_violation_error_message:
            return str(said)
    if diag.sqlstate == EXCLUSION:  # of a trigger of ours, which speaks for itself
        return str(diag.message_primary)
    return "Somebody else has just stored the same. Look whether there is still something to do."
