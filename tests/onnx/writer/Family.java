package org.pydl4j.fixtures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;

/** Cases that belong together: {@code net("dense").on(rows(7), dense(7, 6).build())}, one line each. */
abstract class Family {
    private Target target;

    abstract void write();

    final void write(Target target) {
        this.target = target;
        write();
    }

    /** A network of layers in a row, named in {@code on}. */
    final Case net(String name) {
        return new Case(target, name, null);
    }

    /** A graph; the wiring says inputs, layers, vertices and outputs. */
    final Case graph(String name, UnaryOperator<GraphBuilder> wiring) {
        return new Case(target, name, wiring);
    }

    /** The folder that takes the cases, of which only those are wanted whose names start so. */
    static final class Target {
        private final Path folder;
        private final String start;
        private final Set<String> names = new HashSet<>();
        private int written;

        Target(Path folder, String start) throws IOException {
            this.folder = Files.createDirectories(folder);
            this.start = start;
        }

        int written() {
            return written;
        }

        boolean wants(String name) {
            if (!names.add(name)) {
                throw new IllegalStateException("two cases are called " + name);
            }
            return name.startsWith(start);
        }

        void put(String name, Map<String, byte[]> entries) throws IOException {
            Files.write(folder.resolve(name + ".zip"), Zip.of(entries));
            written++;
        }
    }
}
