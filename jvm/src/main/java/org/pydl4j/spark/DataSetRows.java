package org.pydl4j.spark;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Rows of DL4J's own data sets, of one example each or batched in any way. */
final class DataSetRows extends PackedRows {

    private final JavaRDD<MultiDataSet> data;

    private DataSetRows(JavaRDD<MultiDataSet> data, ExampleSpec spec) {
        super(spec, "training data");
        this.data = data;
    }

    /** Looks at all of them first: their examples must have one shape. */
    static DataSetRows of(JavaRDD<MultiDataSet> data) {
        List<Layout> layouts = data.map(Layout::of).distinct(1).take(2);
        if (layouts.isEmpty()) {
            throw BridgeException.data("training data has no rows");
        }
        if (layouts.size() > 1) {
            throw BridgeException.data("the DataSets are not all of one shape: " + layouts.get(0) + " and "
                    + layouts.get(1) + "; pad sequences to one length, with masks");
        }
        return new DataSetRows(data, layouts.get(0).spec());
    }

    @Override
    JavaRDD<Pack> read() {
        ExampleSpec packed = spec;
        return data.mapPartitions(sets -> {
            Native.prepare();
            return packs(sets, packed);
        });
    }

    private static Iterator<Pack> packs(Iterator<MultiDataSet> sets, ExampleSpec spec) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return sets.hasNext();
            }

            @Override
            public Pack next() {
                return new Pack(Layout.pack(sets.next(), spec), Map.of());
            }
        };
    }
}
