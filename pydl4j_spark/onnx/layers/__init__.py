"""Converters of layers, by family as in ``pydl4j_spark.conf.layers``; each family lists its own."""
