"""Frozen records and pure rules; knows nothing of files, databases, models or windows."""
