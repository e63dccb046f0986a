package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/** Rows of a DataFrame, converted where they are: none passes the driver. */
final class FrameRows extends Rows {

    private final Dataset<Row> frame;
    private final RowReader reader;

    FrameRows(Dataset<Row> frame, ExampleSpec spec, String name) {
        super(spec, name);
        this.frame = frame;
        this.reader = reader(frame.schema(), spec, spec.labelled());
    }

    static RowReader reader(StructType schema, ExampleSpec spec, boolean labelled) {
        int[] features = spec.featureColumns.stream().mapToInt(schema::fieldIndex).toArray();
        return new RowReader(spec, features, labelled ? schema.fieldIndex(spec.labelColumn) : -1);
    }

    @Override
    List<Scan> scanPartitions(boolean withMoments) {
        RowReader read = reader;
        ExampleSpec what = spec;
        return frame.toJavaRDD().mapPartitions(rows -> {
            Scan scan = new Scan(what, withMoments);
            while (rows.hasNext()) {
                Row row = rows.next();
                try {
                    scan.add(read.read(row));
                } catch (RowReader.BadRow e) {
                    scan.bad(e.getMessage());
                }
            }
            return List.of(scan.partitionDone()).iterator();
        }).collect();
    }

    @Override
    JavaRDD<float[]> ordered() {
        RowReader read = reader;
        return frame.toJavaRDD().map(row -> {
            try {
                return read.read(row);
            } catch (RowReader.BadRow e) {
                throw BridgeException.data("the rows changed after they were checked: " + e.getMessage());
            }
        });
    }

    @Override
    JavaRDD<Block> arrange(Plan plan, Permutation order) {
        long[] offsets = scan().offsets();
        ExampleSpec what = spec;
        JavaPairRDD<Long, float[]> placed = ordered()
                .mapPartitionsWithIndex((p, rows) -> new Placing(rows, offsets[p], plan.rows, order), false)
                .mapToPair(pair -> pair);
        return placed.repartitionAndSortWithinPartitions(new ByPlan(plan))
                .mapPartitionsWithIndex((p, pairs) -> {
                    List<float[]> rows = new ArrayList<>(plan.rowsIn(p));
                    pairs.forEachRemaining(pair -> rows.add(pair._2()));
                    return List.of(new Block(p, Examples.of(what, rows.toArray(new float[0][])))).iterator();
                }, true);
    }

    /** Gives every row of a partition its position in the shuffled order. */
    private static final class Placing implements Iterator<Tuple2<Long, float[]>> {
        private final Iterator<float[]> rows;
        private final long total;
        private final Permutation order;
        private long index;

        Placing(Iterator<float[]> rows, long offset, long total, Permutation order) {
            this.rows = rows;
            this.index = offset;
            this.total = total;
            this.order = order;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public Tuple2<Long, float[]> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            if (index >= total) {
                throw BridgeException.data("the rows changed after they were counted: more than " + total
                        + " came the second time; cache or save the DataFrame before fit");
            }
            return new Tuple2<>(order.positionOf(index++), rows.next());
        }
    }

    /** Sends a position of the shuffled order to its partition of the plan. */
    private static final class ByPlan extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final Plan plan;

        ByPlan(Plan plan) {
            this.plan = plan;
        }

        @Override
        public int numPartitions() {
            return plan.partitions();
        }

        @Override
        public int getPartition(Object position) {
            return plan.partitionOfPosition((Long) position);
        }
    }
}
