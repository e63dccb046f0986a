package org.pydl4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A private folder through which arrays and files pass between Python and this JVM. The JVM owns it, since it ends
 * after Python however Python ends, and takes the folder along.
 */
final class Workspace {

    private static Path folder;

    private Workspace() {}

    static synchronized Path folder() {
        if (folder == null) {
            try {
                folder = Files.createTempDirectory("pydl4j_spark-"); // readable by its owner alone
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(Workspace::delete, "pydl4j_spark workspace"));
        }
        return folder;
    }

    private static void delete() {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            // The JVM is ending; there is nobody left to tell.
        }
    }
}
