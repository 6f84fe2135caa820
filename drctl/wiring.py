"""The one place where ports meet drivers, by hand."""
