"""Bound what faults without a loss say about the faults that were not injected.

With ``n`` independent faults and no loss, the chance ``p`` of a loss per fault is bounded at 95 % confidence by
``1 - 0.05 ** (1 / n)``: a larger ``p`` would have shown a loss in more than 95 of 100 such series. For ``n`` from about
30 this is the rule of three, ``3 / n`` (Hanley and Lippman-Hand, JAMA 249, 1983): 100 faults give 2.95 % and 3 %.
"""

CONFIDENCE = 0.95
"""As usual; it makes the bound about 3/n (the rule of three), which can be checked in the head."""


def loss_bound(faults: int) -> float:
    """Return the largest chance of a loss per fault that so many faults without one leave open; 1.0 for no fault."""
    return 1.0 if faults < 1 else -((1 - CONFIDENCE) ** (1 / faults)) + 1


def bound_in_words(faults: int) -> str:
    """Return what so many faults without a loss show, as one sentence with the rule of three beside the exact value."""
    if faults < 1:
        return "no fault was seen, so nothing is known about the chance of a loss"
    told = f"{faults} fault{'s'[: faults > 1]} without a loss: with 95 % confidence fewer than"
    return f"{told} {loss_bound(faults):.1%} of such faults lose a record (3/n = {3 / faults:.1%})"
