"""One program per contender, each a process of its own in the environment that it needs."""
