"""What a drill or an experiment has shown."""

from enum import StrEnum


class Verdict(StrEnum):
    """Only PROVED exits 0. VACUOUS: too little happened to prove anything. INCONCLUSIVE: evidence is missing."""

    PROVED = "proved"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    VACUOUS = "vacuous"
