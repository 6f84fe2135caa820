"""The evidence of a drill as JSON and as one self-contained page."""
