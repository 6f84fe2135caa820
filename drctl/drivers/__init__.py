"""Drivers: the only code that knows a client library. One family per package; families are strangers."""
