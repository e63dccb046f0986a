"""Damaged JSON and generated configurations, by the seed: some hundreds in the tests, thousands by ``make fuzz``."""
