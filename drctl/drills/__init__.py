"""Rehearsal: a plan run on purpose, with ledger and timings, becomes evidence."""
