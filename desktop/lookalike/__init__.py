"""Lookalike finds the look-alikes of a photo among the photos on this computer."""

__version__ = "0.1.0"
