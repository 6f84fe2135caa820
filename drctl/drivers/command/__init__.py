"""Commands of the operator on this machine."""
