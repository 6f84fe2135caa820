"""Types of options that several commands share."""

import re
from typing import override

import click


class Duration(click.ParamType[float]):
    """A length of time such as ``15s`` or ``1m30s``, in seconds; a bare number counts seconds."""

    name = "duration"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value)
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        from drctl.config import duration
        from drctl.errors import ConfigInvalid

        try:
            return duration(text).total_seconds()
        except ConfigInvalid:
            return self.fail(f"{text!r} is no duration: write it as 500ms, 15s or 1m30s", param, ctx)


DURATION = Duration()
