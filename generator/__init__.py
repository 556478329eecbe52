"""Synthetic training data by domain randomization."""
