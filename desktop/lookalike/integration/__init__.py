"""How the desktop finds Lookalike: file-manager verbs, desktop entry, start at login; no Qt."""
