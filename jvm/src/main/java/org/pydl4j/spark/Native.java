package org.pydl4j.spark;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;
import org.nd4j.shade.jackson.databind.node.ObjectNode;
import org.pydl4j.spark.helpers.Helpers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the native code up as it should be, in every JVM that computes, without flags on a command line.
 *
 * <p>DL4J and JavaCPP read system properties when they are first used. So whatever computes says {@link #prepare()}
 * before it touches them; then it works in Spark sessions that run already, too. What the user set himself stays.
 */
final class Native {

    private static final String EXECUTIONER = "opexec";
    private static final String EXTENSION = "org.bytedeco.javacpp.platform.extension";
    private static final String OFF_HEAP = "org.bytedeco.javacpp.maxbytes";
    private static final String PHYSICAL = "org.bytedeco.javacpp.maxphysicalbytes";

    private static final Logger LOG = LoggerFactory.getLogger(Native.class);

    private static volatile boolean prepared;
    /** Threads whose arithmetic has been given one thread. */
    private static final ThreadLocal<Boolean> ONE_THREAD = new ThreadLocal<>();

    private Native() {}

    /** Makes this JVM ready to compute: once, the first time; after that it costs nothing. */
    static void prepare() {
        if (!prepared) {
            synchronized (Native.class) {
                if (!prepared) {
                    NativeBuild.OURS.check(Cpu.ofThisMachine());
                    setProperties();
                    LOG.info(line());
                    prepared = true;
                }
            }
        }
    }

    private static void setProperties() {
        setIfMissing(EXECUTIONER, NativeExecutioner.class.getName());
        setIfMissing(EXTENSION, NativeBuild.OURS.extension);
        MemoryLimits limits = MemoryLimits.ofThisJvm();
        // JavaCPP reads both spellings.
        if (System.getProperty("org.bytedeco.javacpp.maxBytes") == null) {
            setIfMissing(OFF_HEAP, Long.toString(limits.offHeap));
        }
        if (System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes") == null) {
            setIfMissing(PHYSICAL, Long.toString(limits.physical));
        }
    }

    private static void setIfMissing(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /**
     * Gives the calling thread's arithmetic this many threads.
     *
     * <p>OpenMP (most operations, oneDNN) counts by the thread that calls, OpenBLAS by the JVM: all workers of a JVM
     * are to state the same number.
     */
    static void useThreads(int count) {
        prepare();
        NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(count);
        if (openblas_nolapack.blas_get_num_threads() != count) {
            openblas_nolapack.blas_set_num_threads(count);
        }
        Nd4j.getEnvironment().setMaxMasterThreads(count);
    }

    /** The same with one thread, for those who say it often. */
    static void useOneThread() {
        if (ONE_THREAD.get() == null) {
            useThreads(1);
            ONE_THREAD.set(true);
        }
    }

    /** What to do when memory ran out in this JVM: a sentence that names the settings to raise, and what they give now. */
    static String memoryAdvice() {
        prepare();
        return "this JVM may take " + megabytes(Runtime.getRuntime().maxMemory()) + " of heap and "
                + megabytes(Pointer.maxBytes()) + " off-heap (" + megabytes(Pointer.totalBytes())
                + " in use): raise " + MemoryLimits.ofThisJvm().settings + ", or take smaller minibatches";
    }

    /** The native code, helpers, threads and memory of this JVM; they are settled with this call, if not before. */
    static ObjectNode report() {
        prepare();
        return json();
    }

    private static ObjectNode json() {
        ObjectNode json = Json.object();
        json.put("platform", NativeBuild.OURS.platform);
        json.put("extension", NativeBuild.OURS.extension);
        json.put("helpers", Helpers.areEnabled());
        json.put("one_dnn", NativeBuild.OURS.hasOneDnn());
        json.put("in_time", Nd4j.getExecutioner() instanceof NativeExecutioner);
        json.put("omp_threads", NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads());
        json.put("blas_threads", openblas_nolapack.blas_get_num_threads());
        json.put("heap_bytes", Runtime.getRuntime().maxMemory());
        json.put("off_heap_bytes", Pointer.maxBytes());
        json.put("off_heap_used_bytes", Pointer.totalBytes());
        json.put("physical_bytes", Pointer.maxPhysicalBytes());
        return json;
    }

    private static String line() {
        Nd4j.getBackend(); // loads it: the numbers are the real ones
        ObjectNode json = json();
        return String.format("native code %s, layer helpers %s, arithmetic threads %s (OpenMP), %s (BLAS), heap %s,"
                + " off-heap limit %s", NativeBuild.OURS, json.get("helpers").asBoolean() ? "on" : "off",
                json.get("omp_threads"), json.get("blas_threads"), megabytes(json.get("heap_bytes").asLong()),
                megabytes(json.get("off_heap_bytes").asLong()));
    }

    private static String megabytes(long bytes) {
        return (bytes >> 20) + " MB";
    }
}
