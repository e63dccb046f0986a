package org.pydl4j.fixtures;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Where each parameter lies in the flat vector, measured: the vector is numbered through, and each parameter read.
 *
 * <p>The numbers go in digit by digit, because half precision counts no further than 2048.
 */
final class Layout {
    private static final long BASE = 256;

    private Layout() {}

    /** Overwrites the parameters. */
    static String of(Network network) {
        List<Network.Part> parts = network.parts();
        List<long[]> positions = new ArrayList<>();
        parts.forEach(part -> part.params().values().forEach(p -> positions.add(new long[(int) p.length()])));
        long length = network.params().length(); // numParams() does not count those of vertices
        for (long unit = 1; unit < length; unit *= BASE) {
            number(network.params(), unit);
            Iterator<long[]> next = positions.iterator();
            for (Network.Part part : parts) {
                for (INDArray p : part.params().values()) {
                    add(next.next(), p, unit);
                }
            }
        }
        Iterator<long[]> next = positions.iterator();
        return parts.stream().map(part -> json(part, next)).toList().toString();
    }

    private static void number(INDArray flat, long unit) {
        double[] digits = LongStream.range(0, flat.length()).mapToDouble(i -> i / unit % BASE).toArray();
        flat.assign(Nd4j.createFromArray(digits).castTo(flat.dataType()).reshape(flat.shape()));
    }

    private static void add(long[] positions, INDArray p, long unit) {
        double[] digits = p.dup('c').reshape(p.length()).castTo(DataType.DOUBLE).toDoubleVector();
        for (int i = 0; i < digits.length; i++) {
            positions[i] += (long) digits[i] * unit;
        }
    }

    private static String json(Network.Part part, Iterator<long[]> positions) {
        List<String> params = new ArrayList<>();
        for (Map.Entry<String, INDArray> e : part.params().entrySet()) {
            params.add("{\"name\":\"" + e.getKey() + "\",\"shape\":" + Arrays.toString(e.getValue().shape())
                    + ",\"at\":" + Arrays.toString(positions.next()).replace(" ", "") + "}");
        }
        return part.vertex() == null
                ? params.toString()
                : "{\"vertex\":\"" + part.vertex() + "\",\"params\":" + params + "}";
    }
}
