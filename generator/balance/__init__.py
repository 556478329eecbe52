"""Caps, floors and quotas: before painting (plan) and after (check)."""
