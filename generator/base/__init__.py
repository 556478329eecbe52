"""Ground that everything else stands on: names for randomness, geometry, frames, errors, registries."""
