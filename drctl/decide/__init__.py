"""Judgement: facts in, reasons out. No I/O, no clock, no log."""
