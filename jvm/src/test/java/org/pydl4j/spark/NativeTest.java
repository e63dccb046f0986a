package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The native code is set up before it is loaded, and refused where it cannot run. */
class NativeTest {

    private static final long GB = 1L << 30;

    private static Cpu with(String platform, String... features) {
        Set<String> has = Set.of(features);
        return new Cpu(platform, feature -> !has.contains(feature));
    }

    @Test
    void aProcessorWithoutTheInstructionsIsRefusedWithTheBuildOption() {
        Cpu old = with("linux-x86_64", "sse4_2", "avx");
        BridgeException refused = assertThrows(BridgeException.class,
                () -> new NativeBuild("linux-x86_64", "-onednn-avx2").check(old));
        assertEquals("ENGINE", refused.code());
        assertTrue(refused.getMessage().contains("linux-x86_64-onednn-avx2, but this machine's processor has no avx2, fma"),
                refused.getMessage());
        assertTrue(refused.getMessage().contains("PYDL4J_SPARK_NATIVE_EXTENSION="), refused.getMessage());
        assertDoesNotThrow(() -> new NativeBuild("linux-x86_64", "").check(old));
        assertDoesNotThrow(() -> new NativeBuild("linux-x86_64", "-onednn").check(old));

        Cpu haswell = with("linux-x86_64", "avx2", "fma", "bmi2");
        assertDoesNotThrow(() -> new NativeBuild("linux-x86_64", "-onednn-avx2").check(haswell));
        refused = assertThrows(BridgeException.class,
                () -> new NativeBuild("linux-x86_64", "-onednn-avx512").check(haswell));
        assertTrue(refused.getMessage().contains("no avx512f"), refused.getMessage());
        assertTrue(refused.getMessage().contains("PYDL4J_SPARK_NATIVE_EXTENSION=-onednn-avx2"), refused.getMessage());
    }

    @Test
    void anotherPlatformIsRefusedWithTheBuildOption() {
        BridgeException refused = assertThrows(BridgeException.class,
                () -> new NativeBuild("linux-x86_64", "").check(with("linux-arm64")));
        assertTrue(refused.getMessage().contains("PYDL4J_SPARK_NATIVE_PLATFORM=linux-arm64"), refused.getMessage());
    }

    @Test
    void aProcessorThatNobodyCanAskIsLetThrough() {
        assertDoesNotThrow(() -> new NativeBuild("linux-x86_64", "-onednn-avx512")
                .check(new Cpu("linux-x86_64", feature -> false)));
    }

    @Test
    void platformsHaveJavaCppsNames() {
        assertEquals("linux-x86_64", Cpu.platform("Linux", "amd64"));
        assertEquals("macosx-arm64", Cpu.platform("Mac OS X", "aarch64"));
        assertEquals("windows-x86_64", Cpu.platform("Windows Server 2019", "amd64"));
    }

    @Test
    void thisMachineRunsWhatWasBuiltHere() {
        Native.prepare();
        JsonNode report = Native.report();
        assertEquals(NativeBuild.OURS.toString(), report.get("platform").asText() + report.get("extension").asText());
        assertTrue(report.get("in_time").asBoolean());
        assertTrue(Nd4j.getExecutioner() instanceof NativeExecutioner);
        assertEquals(Long.parseLong(System.getProperty("org.bytedeco.javacpp.maxbytes")),
                report.get("off_heap_bytes").asLong());
    }

    @Test
    void threadsAreSetInTheRunningJvm() {
        for (int count : new int[] {2, 1}) {
            Native.useThreads(count);
            assertEquals(count, Native.report().get("omp_threads").asInt());
            assertEquals(count, Native.report().get("blas_threads").asInt());
        }
    }

    // --- memory ------------------------------------------------------------------------------------------------------

    @Test
    void anExecutorInAContainerStaysWithinItsOverhead() {
        Map<String, String> conf = Map.of("spark.master", "yarn");
        MemoryLimits limits = MemoryLimits.of(conf::get, false, 4 * GB, 64 * GB);
        long overhead = (long) (0.1 * 4 * GB);
        assertEquals(overhead - overhead / 4, limits.offHeap);
        assertEquals(4 * GB + overhead, limits.physical);
        assertEquals("spark.executor.memory (heap) or spark.executor.memoryOverhead (off-heap)", limits.settings);

        Map<String, String> stated = Map.of("spark.master", "k8s://https://h", "spark.executor.memoryOverhead", "2g");
        assertEquals(2 * GB - GB / 2, MemoryLimits.of(stated::get, false, 4 * GB, 64 * GB).offHeap);
        Map<String, String> factor = Map.of("spark.master", "yarn", "spark.executor.memoryOverheadFactor", "0.5");
        assertEquals(2 * GB - GB / 2, MemoryLimits.of(factor::get, false, 4 * GB, 64 * GB).offHeap);
        Map<String, String> plain = Map.of("spark.master", "yarn", "spark.executor.memoryOverhead", "1024");
        assertEquals(GB - GB / 4, MemoryLimits.of(plain::get, false, 4 * GB, 64 * GB).offHeap);
    }

    @Test
    void aLocalDriverMayTakeHalfOfWhatTheMachineHasLeft() {
        Map<String, String> conf = Map.of("spark.master", "local[2]");
        MemoryLimits limits = MemoryLimits.of(conf::get, true, GB, 9 * GB);
        assertEquals(4 * GB, limits.offHeap);
        assertTrue(limits.physical <= 9 * GB);
        assertTrue(limits.settings.startsWith("spark.driver.memory (heap)"), limits.settings);
        assertEquals(GB, MemoryLimits.of(conf::get, true, 8 * GB, 9 * GB).offHeap);
    }

    @Test
    void aStandaloneExecutorMayTakeItsHeapOnceMore() {
        Map<String, String> conf = Map.of("spark.master", "spark://host:7077");
        assertEquals(2 * GB, MemoryLimits.of(conf::get, false, 2 * GB, 64 * GB).offHeap);
        Map<String, String> stated = Map.of("spark.master", "spark://host:7077", "spark.executor.memoryOverhead", "6g");
        assertEquals(6 * GB, MemoryLimits.of(stated::get, false, 2 * GB, 64 * GB).offHeap);
    }

    @Test
    void theAdviceNamesTheSettings() {
        String advice = Native.memoryAdvice();
        assertTrue(advice.contains("spark.driver.memory"), advice);
        assertTrue(advice.contains("MB"), advice);
        assertFalse(advice.endsWith("."), advice);
    }

    @Test
    void inPythonsProcessOneSettingGivesBoth() {
        MemoryLimits limits = MemoryLimits.ofPythonsJvm(4 * GB, GB, 64 * GB);
        assertEquals(3 * GB, limits.offHeap);
        assertEquals(0, limits.physical, "numpy's arrays are in the same process");
        assertTrue(limits.settings.contains("configure_local(memory=...) or PYDL4J_SPARK_MEMORY"), limits.settings);

        MemoryLimits anothers = MemoryLimits.ofPythonsJvm(0, GB, 64 * GB);
        assertEquals(31 * GB, anothers.offHeap);
        assertEquals(0, anothers.physical);
        assertTrue(anothers.settings.contains("-Xmx"), anothers.settings);
        assertEquals(GB, MemoryLimits.ofPythonsJvm(0, 2 * GB, 3 * GB).offHeap);
    }

    @Test
    void theAdviceInPythonsProcessNamesPythonsSetting() {
        System.setProperty(MemoryLimits.LOCAL, Long.toString(4 * GB));
        try {
            String advice = Native.memoryAdvice();
            assertTrue(advice.contains("raise pydl4j_spark.configure_local(memory=...)"), advice);
            assertFalse(advice.contains("spark.driver"), advice);
        } finally {
            System.clearProperty(MemoryLimits.LOCAL);
        }
    }
}
