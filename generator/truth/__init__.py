"""Labels from geometry: rays at pixel centres against the same triangles that the painter is given."""
