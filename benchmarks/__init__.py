"""pydl4j_spark, DL4J, Elephas, Keras and Spark's perceptron, side by side: ``make bench``."""
