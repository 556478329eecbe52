"""Frames on disk: shards, records, selections, sources to learn from, exporters."""
