"""What a person looks at: contact sheets with labels drawn in, and one self-contained page about a run."""
