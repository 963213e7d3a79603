"""Pages about datasets and their versions."""
