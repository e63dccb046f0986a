"""Damaged files and JSON, and drawn networks, by the seed: some hundreds in the tests, thousands by ``make fuzz``."""
