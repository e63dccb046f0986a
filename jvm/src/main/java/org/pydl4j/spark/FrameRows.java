package org.pydl4j.spark;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/** Rows of a DataFrame. */
final class FrameRows extends PackedRows {

    private final Dataset<Row> frame;

    FrameRows(Dataset<Row> frame, ExampleSpec spec, String name) {
        super(spec, name);
        this.frame = needed(frame, spec);
    }

    /** Without the columns that are of no use here: a file's need not even be read. */
    private static Dataset<Row> needed(Dataset<Row> frame, ExampleSpec spec) {
        Set<String> names = new LinkedHashSet<>();
        Stream.of(spec.inputs, spec.outputs).flatMap(Arrays::stream).forEach(span -> {
            names.addAll(span.columns);
            if (span.maskColumn != null) {
                names.add(span.maskColumn);
            }
        });
        if (names.size() == frame.columns().length) {
            return frame;
        }
        return frame.select(names.stream().map(name -> functions.col("`" + name.replace("`", "``") + "`"))
                .toArray(Column[]::new));
    }

    @Override
    JavaRDD<Pack> read() {
        ExampleReader reader = new ExampleReader(frame.schema(), spec);
        ExampleSpec what = spec;
        return frame.queryExecution().toRdd().toJavaRDD().mapPartitions(rows -> Pack.of(rows, reader, what));
    }
}
