package org.pydl4j.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;

/** The native code that the jar holds: for which platform, and in which variant. Says so without loading it. */
public final class NativeBuild {

    public static final NativeBuild OURS = read();

    // What compilers may use for Haswell and for Skylake servers.
    private static final List<String> AVX2 = List.of("avx2", "fma", "bmi2");
    private static final List<String> AVX512 = List.of("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl");

    /** JavaCPP's name, such as {@code linux-x86_64}. */
    final String platform;

    /** The variant, such as {@code -onednn-avx2}; empty for generic code. */
    final String extension;

    NativeBuild(String platform, String extension) {
        this.platform = platform;
        this.extension = extension;
    }

    private static NativeBuild read() {
        Properties properties = new Properties();
        try (InputStream stream = NativeBuild.class.getResourceAsStream("native.properties")) {
            properties.load(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new NativeBuild(properties.getProperty("platform"), properties.getProperty("extension"));
    }

    public boolean hasOneDnn() {
        return extension.contains("-onednn");
    }

    /** Refuses a processor that would end the JVM with an illegal instruction, or has no native code here at all. */
    void check(Cpu cpu) {
        if (!cpu.platform.equals(platform)) {
            throw refusal("this machine is " + cpu.platform,
                    "build a jar for it with PYDL4J_SPARK_NATIVE_PLATFORM=" + cpu.platform);
        }
        List<String> needed = extension.contains("avx512") ? AVX512 : extension.contains("avx2") ? AVX2 : List.of();
        String lacking = needed.stream().filter(cpu::lacks).collect(Collectors.joining(", "));
        if (!lacking.isEmpty()) {
            String other = extension.contains("avx512") ? "-onednn-avx2, or empty for generic code"
                    : " (empty: generic code)";
            throw refusal("this machine's processor has no " + lacking,
                    "build a jar with PYDL4J_SPARK_NATIVE_EXTENSION=" + other);
        }
    }

    private BridgeException refusal(String found, String cure) {
        return new BridgeException(BridgeException.Code.ENGINE, "the jar's native code is for " + this + ", but " + found
                + ": " + cure + " (`make jar` or `make wheel`), and use that one here");
    }

    @Override
    public String toString() {
        return platform + extension;
    }
}
