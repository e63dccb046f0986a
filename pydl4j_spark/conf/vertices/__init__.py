"""The vertices by family."""
