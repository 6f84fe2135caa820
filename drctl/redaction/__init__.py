"""Decides what may be shown: the one place that errors, logs, tracebacks, tables and documents go through.

Two strengths. :func:`redact` is for our own words: they hold no secret by construction, and a login in a URL, a private
key or ``password=…`` that got into them all the same is taken out. :func:`redact_foreign` is for what others wrote (a
Connect worker, a command's standard error, librdkafka, an API server): there a value is shown only if its key is known
to be harmless, and none of the values that we know to belong to any other key is shown.

Neither changes what drctl remembers: names and positions in the journal are facts that a run goes on from.
"""

from drctl.redaction.keys import may_be_shown, names_a_secret
from drctl.redaction.text import (
    HIDDEN,
    describe,
    printable,
    redact,
    redact_document,
    redact_foreign,
    redact_output,
    redact_trace,
    without_login,
)

__all__ = [
    "HIDDEN",
    "describe",
    "may_be_shown",
    "names_a_secret",
    "printable",
    "redact",
    "redact_document",
    "redact_foreign",
    "redact_output",
    "redact_trace",
    "without_login",
]
