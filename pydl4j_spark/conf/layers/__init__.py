"""DL4J's layers, by family."""
