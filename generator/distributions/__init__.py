"""A value that may be random. Anywhere a value fits in a scene spec, a distribution of its kind fits.

Each distribution is one file: a frozen pydantic model whose first field has its own name, registered for a kind
(scalar, choice, color, position, rotation). ``{uniform: [0, 1]}`` is a scalar, so it also fits as any number inside
another distribution.
"""
