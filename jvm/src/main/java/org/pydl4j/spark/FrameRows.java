package org.pydl4j.spark;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Rows of a DataFrame. */
final class FrameRows extends PackedRows {

    private final Dataset<Row> frame;

    FrameRows(Dataset<Row> frame, ExampleSpec spec, String name) {
        super(spec, name);
        this.frame = frame;
    }

    @Override
    JavaRDD<Pack> read() {
        ExampleReader reader = new ExampleReader(frame.schema(), spec);
        ExampleSpec what = spec;
        return frame.queryExecution().toRdd().toJavaRDD().mapPartitions(rows -> Pack.of(rows, reader, what));
    }
}
