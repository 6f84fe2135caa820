"""Settings for every tier."""

from hypothesis import settings

# No deadline: a slow machine must not fail a true property. The blob makes a failure repeatable from a log.
settings.register_profile("drctl", deadline=None, print_blob=True)
settings.load_profile("drctl")
