"""Deep learning on Apache Spark that Python drives and the JVM executes."""
