"""Model what a drill or an experiment has shown."""

from enum import StrEnum


class Verdict(StrEnum):
    """Only PROVED exits 0. VACUOUS: too little happened to prove anything. INCONCLUSIVE: evidence is missing."""

    PROVED = "proved"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    VACUOUS = "vacuous"


EXIT_CODES = {Verdict.PROVED: 0, Verdict.REFUTED: 20, Verdict.INCONCLUSIVE: 21, Verdict.VACUOUS: 22}


def exit_code(verdict: Verdict) -> int:
    """Return what a command that ends with this verdict returns."""
    return EXIT_CODES[verdict]
