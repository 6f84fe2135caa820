"""Sites that Strimzi runs: reached, fenced and replicated by its resources."""
