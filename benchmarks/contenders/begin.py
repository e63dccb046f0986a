"""From import to the first output, without Spark. Nothing that takes time may be imported before the clock runs."""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Describe a network, bring it into this process, and have one output."""
    task = json.loads(sys.argv[1])
    before = _age()
    began = time.perf_counter()
    import numpy as np

    from benchmarks.contenders.networks import configuration
    from pydl4j_spark import MultiLayerNetwork

    imported = time.perf_counter()
    net = MultiLayerNetwork(configuration(task)).to("local")
    placed = time.perf_counter()
    net.output(np.zeros((1, 784), dtype=np.float32))
    ended = time.perf_counter()
    figure = {
        "figure": "begin",
        "imports": imported - began,
        "placing": placed - imported,
        "output": ended - placed,
        "seconds": ended - began,
        "process": before + ended - began,
        "spark": "pyspark" in sys.modules,
    }
    print(json.dumps(figure), flush=True)


def _age() -> float:
    """Give the seconds since this process was started."""
    started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


if __name__ == "__main__":
    main()
