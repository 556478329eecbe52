"""Tickets to shards on Ray: one actor is one process with one Blender. The only `ray` outside `train`."""
