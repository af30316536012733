"""Signals that fooled published metrics."""
