"""What is trained on in which proportion: recipes and the exact sampler."""
