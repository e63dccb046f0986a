"""Converters of vertices, by family as in ``pydl4j_spark.conf.vertices``; each family lists its own."""
