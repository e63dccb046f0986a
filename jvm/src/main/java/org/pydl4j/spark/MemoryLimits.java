package org.pydl4j.spark;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.UnaryOperator;
import org.apache.spark.SparkEnv;

/**
 * How much memory outside the heap ND4J's arrays may take in this JVM, computed from Spark's settings; where Python
 * started this JVM in its own process, from Python's.
 *
 * <p>Left alone JavaCPP allows as much as the heap, once again on top: on YARN and Kubernetes the container, which has
 * room for the heap and an overhead, is killed for it without a word.
 */
final class MemoryLimits {

    /** Heap and arrays together, in bytes, of a JVM in Python's process; 0 where another library started that. */
    static final String LOCAL = "pydl4j_spark.memory";

    private static final long MEGABYTE = 1L << 20;
    private static final long LEAST_OVERHEAD = 384 * MEGABYTE;

    /** For {@code org.bytedeco.javacpp.maxbytes}. */
    final long offHeap;

    /** For {@code org.bytedeco.javacpp.maxphysicalbytes}: the whole process, heap included; 0 is no limit. */
    final long physical;

    /** What to raise when heap or off-heap memory runs out, by its names in Spark or Python. */
    final String settings;

    private MemoryLimits(long offHeap, long physical, String settings) {
        this.offHeap = offHeap;
        this.physical = physical;
        this.settings = settings;
    }

    static MemoryLimits ofThisJvm() {
        long machine = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalPhysicalMemorySize();
        long heap = Runtime.getRuntime().maxMemory();
        String local = System.getProperty(LOCAL);
        return local == null ? ofSparksJvm(heap, machine) : ofPythonsJvm(Long.parseLong(local), heap, machine);
    }

    private static MemoryLimits ofSparksJvm(long heap, long machine) {
        SparkEnv env;
        try {
            env = SparkEnv.get();
        } catch (LinkageError e) { // no Spark on this class path, or not all of it
            return ofPythonsJvm(0, heap, machine);
        }
        return env == null
                ? of(key -> null, true, heap, machine)
                : of(key -> env.conf().get(key, null), "driver".equals(env.executorId()), heap, machine);
    }

    /** Computes them where Python is in the same process, whose own memory is neither counted nor limited. */
    static MemoryLimits ofPythonsJvm(long memory, long heap, long machine) {
        return memory > 0
                ? new MemoryLimits(Math.max(memory - heap, MEGABYTE), 0,
                        "pydl4j_spark.configure_local(memory=...) or PYDL4J_SPARK_MEMORY")
                : new MemoryLimits(Math.max(machine / 2 - heap, Math.min(heap, machine - heap)), 0,
                        "-Xmx (heap) or -Dorg.bytedeco.javacpp.maxbytes (off-heap) where this JVM is started");
    }

    /** Computes them from Spark's settings (null where one is not set), the heap's limit and the machine's memory. */
    static MemoryLimits of(UnaryOperator<String> conf, boolean driver, long heap, long machine) {
        String who = driver ? "spark.driver" : "spark.executor";
        String master = or(conf.apply("spark.master"), "");
        boolean container = (master.startsWith("yarn") || master.startsWith("k8s"))
                && (!driver || "cluster".equals(conf.apply("spark.submit.deployMode")));
        long overhead = overhead(conf, who, heap);
        if (container) {
            // A quarter of the overhead stays for the JVM's own: code, classes, stacks, network buffers.
            return new MemoryLimits(overhead - overhead / 4, heap + overhead, who + ".memory (heap) or " + who
                    + ".memoryOverhead (off-heap)");
        }
        long rest = Math.max(machine - heap, LEAST_OVERHEAD);
        // Nobody counts here but the machine. Other executors may share it; a driver has it more to itself.
        long offHeap = Math.min(rest, Math.max(driver ? Math.max(heap, rest / 2) : heap, overhead));
        return new MemoryLimits(offHeap, Math.min(machine, offHeap + 3 * heap), who + ".memory (heap) or, in "
                + who + ".extraJavaOptions, -Dorg.bytedeco.javacpp.maxbytes (off-heap)");
    }

    private static long overhead(UnaryOperator<String> conf, String who, long heap) {
        String stated = conf.apply(who + ".memoryOverhead");
        if (stated != null) {
            return megabytes(stated);
        }
        String factor = or(conf.apply(who + ".memoryOverheadFactor"),
                or(conf.apply("spark.kubernetes.memoryOverheadFactor"), "0.1"));
        String least = conf.apply(who + ".minMemoryOverhead");
        return Math.max(least == null ? LEAST_OVERHEAD : megabytes(least), (long) (Double.parseDouble(factor) * heap));
    }

    /** Spark's own reading: a number without a unit counts megabytes. */
    private static long megabytes(String size) {
        return org.apache.spark.network.util.JavaUtils.byteStringAsMb(size) * MEGABYTE;
    }

    private static String or(String value, String otherwise) {
        return value == null ? otherwise : value;
    }
}
