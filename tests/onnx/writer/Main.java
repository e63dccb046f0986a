package org.pydl4j.fixtures;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Writes the cases of all families, or those whose names start with the second argument, into a folder; run with the
 * older version of DL4J, every layer and vertex as that writes them.
 */
final class Main {
    private Main() {}

    public static void main(String[] args) throws IOException {
        Family.Target target = new Family.Target(Path.of(args[0]), args.length > 1 ? args[1] : "");
        // The versions compute the same; of the older one it is the files that count.
        List<Family> families = Recording.version().equals("1.0.0-M2") ? everything("m2_", DataType.FLOAT) : all();
        families.forEach(family -> family.write(target));
        System.out.println(target.written() + " fixtures");
    }

    @SuppressWarnings("deprecation") // HALF, which model files still have
    private static List<Family> all() {
        List<Family> families = new ArrayList<>(List.of(
                new Examples(),
                new FeedForward(),
                new Activations(),
                new Convolutions(),
                new Pooling(),
                new Images(),
                new SequenceWindows(),
                new Volumes(),
                new ChannelsLast(),
                new BatchNormalizations(),
                new LocalResponse(),
                new RowLayers(),
                new Sequences(),
                new Outputs(),
                new Overwriting(),
                new Recurrent(),
                new Zeros(),
                new Steps(),
                new Masks(),
                new MasksElsewhere(),
                new MasksInGraphs(),
                new Preprocessors(),
                new MorePreprocessors(),
                new Attentions(),
                new Capsules(),
                new Vertices(),
                new Graphs(),
                new DataTypes(),
                new Normalizers()));
        families.addAll(everything("double_", DataType.DOUBLE));
        families.addAll(everything("half_", DataType.HALF));
        return families;
    }

    private static List<Family> everything(String prefix, DataType type) {
        return List.of(new EveryLayer(prefix, type), new EveryVertex(prefix, type));
    }
}
