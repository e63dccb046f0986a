package org.pydl4j.spark;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.VMOption;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;

/** The processor that this JVM runs on, as far as Java can tell without code of its own. */
final class Cpu {

    private static final Path LINUX = Path.of("/proc/cpuinfo");

    /** JavaCPP's name, such as {@code linux-x86_64}. */
    final String platform;

    private final Predicate<String> lacks;

    Cpu(String platform, Predicate<String> lacks) {
        this.platform = platform;
        this.lacks = lacks;
    }

    static Cpu ofThisMachine() {
        String platform = platform(System.getProperty("os.name"), System.getProperty("os.arch"));
        Set<String> flags = flags();
        return new Cpu(platform, flags == null ? Cpu::hotSpotLacks : feature -> !flags.contains(feature));
    }

    /** Whether it certainly has not an instruction set, by Linux's name of it; false where nothing can tell. */
    boolean lacks(String feature) {
        return lacks.test(feature);
    }

    static String platform(String system, String machine) {
        String os = system.toLowerCase(Locale.ROOT);
        String name = os.startsWith("mac") ? "macosx" : os.startsWith("windows") ? "windows" : os;
        switch (machine) {
            case "amd64":
                return name + "-x86_64";
            case "aarch64":
                return name + "-arm64";
            default:
                return name + "-" + machine;
        }
    }

    private static Set<String> flags() {
        if (!Files.isReadable(LINUX)) {
            return null;
        }
        try {
            for (String line : Files.readAllLines(LINUX)) {
                if (line.startsWith("flags")) {
                    return new HashSet<>(Arrays.asList(line.substring(line.indexOf(':') + 1).trim().split("\\s+")));
                }
            }
        } catch (IOException e) {
            // Nothing tells, then: HotSpot is asked instead.
        }
        return null;
    }

    /** What HotSpot's compiler found: it knows AVX2 and FMA; AVX-512 it does not always use where it is. */
    private static boolean hotSpotLacks(String feature) {
        switch (feature) {
            case "avx2":
                return found("UseAVX", option -> Integer.parseInt(option) < 2);
            case "fma":
                return found("UseFMA", option -> !Boolean.parseBoolean(option));
            default:
                return false;
        }
    }

    private static boolean found(String name, Predicate<String> test) {
        try {
            VMOption option = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).getVMOption(name);
            boolean byHotSpot = option.getOrigin() == VMOption.Origin.DEFAULT
                    || option.getOrigin() == VMOption.Origin.ERGONOMIC;
            return byHotSpot && test.test(option.getValue());
        } catch (RuntimeException e) { // another JVM, or a HotSpot for another processor, which has no such option
            return false;
        }
    }
}
