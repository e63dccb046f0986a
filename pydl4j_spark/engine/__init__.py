"""The JVM: the only part of the package that knows there is one."""
