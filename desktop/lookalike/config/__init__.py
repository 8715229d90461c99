"""Where things lie and what the user has set: paths, settings, logs."""
