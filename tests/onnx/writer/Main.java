package org.pydl4j.fixtures;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Writes the cases of all families, or those whose names start with the second argument, into a folder. */
final class Main {
    private Main() {}

    public static void main(String[] args) throws IOException {
        Family.Target target = new Family.Target(Path.of(args[0]), args.length > 1 ? args[1] : "");
        List<Family> families = List.of(
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
                new Normalizers());
        families.forEach(family -> family.write(target));
        System.out.println(target.written() + " fixtures");
    }
}
