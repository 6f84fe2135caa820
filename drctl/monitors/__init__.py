"""Eyes: each monitor returns readings and judges nothing."""
