"""Proof: what was acknowledged against what was read."""
