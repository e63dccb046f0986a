package org.pydl4j.fixtures;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** numpy's own file format, little-endian, c order: float64 for DOUBLE, float32 for all else. */
final class Npy {
    private Npy() {}

    static byte[] of(INDArray array) {
        boolean wide = array.dataType() == DataType.DOUBLE;
        String shape = Arrays.stream(array.shape()).mapToObj(n -> n + ",").collect(Collectors.joining("", "(", ")"));
        String head = "{'descr': '" + (wide ? "<f8" : "<f4") + "', 'fortran_order': False, 'shape': " + shape + ", }";
        int padded = (int) Math.ceil((head.length() + 11) / 64.0) * 64 - 10;
        double[] values = array.dup('c').reshape(array.length()).castTo(DataType.DOUBLE).toDoubleVector();
        ByteBuffer data = ByteBuffer.allocate(values.length * (wide ? 8 : 4)).order(ByteOrder.LITTLE_ENDIAN);
        for (double v : values) {
            if (wide) {
                data.putDouble(v);
            } else {
                data.putFloat((float) v);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) padded, (byte) (padded >> 8)});
        out.writeBytes((head + " ".repeat(padded - head.length() - 1) + "\n").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(data.array());
        return out.toByteArray();
    }
}
