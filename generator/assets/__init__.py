"""What can be put into a scene: the catalog of a folder of files, mesh loading, and procedural shapes."""
