"""Measures a shipped model on photos that were kept out of its training."""
