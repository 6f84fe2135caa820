"""drctl services at other places, over HTTP."""
