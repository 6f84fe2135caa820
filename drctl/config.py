"""The plan file and the environment become frozen values, or ConfigInvalid."""
