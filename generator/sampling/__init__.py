"""From what may appear to what does: `Sampler(spec, store)(seed, index)` is a pure function."""
