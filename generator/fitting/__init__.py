"""Ranges of a scene from a real set's annotations: randomize, but only as widely as reality does.

`text` changes values of a YAML file in place; `measures` says what is compared; `photographs` and `looks` measure a
real and a synthetic set; `counts`, `camera` and `light` say what to change; `rounds` looks and changes in turn.

The idea of ranges from a real set's statistics is that of Vuong, Vikram, Su, Gao & Christensen, "How to pick the domain
randomization parameters for sim-to-real transfer of reinforcement learning policies?", 2019.
"""
