package org.pydl4j.spark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.dataset.api.preprocessor.serializer.NormalizerSerializer;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** DL4J's normalizers: fitted from the moments of the rows, written and read as DL4J does. */
final class Normalizers {

    private Normalizers() {}

    /** @param spec Python's description: a type and its settings */
    static DataNormalization fit(JsonNode spec, Moments moments) {
        int channels = moments.channels();
        switch (spec.get("type").asText()) {
            case "standardize": {
                float[] mean = new float[channels];
                float[] std = new float[channels];
                for (int c = 0; c < channels; c++) {
                    mean[c] = (float) moments.mean(c);
                    std[c] = (float) moments.standardDeviation(c);
                }
                return new NormalizerStandardize(row(mean), row(std));
            }
            case "min_max": {
                NormalizerMinMaxScaler scaler = new NormalizerMinMaxScaler(
                        spec.get("min_range").asDouble(), spec.get("max_range").asDouble());
                scaler.setFeatureStats(row(moments.min), row(moments.max));
                return scaler;
            }
            case "image_min_max": {
                ImagePreProcessingScaler scaler = new ImagePreProcessingScaler(
                        spec.get("min_range").asDouble(), spec.get("max_range").asDouble());
                scaler.setMaxPixelVal(spec.get("max_pixel_val").asDouble());
                return scaler;
            }
            default:
                throw BridgeException.config("unknown normalizer '" + spec.get("type").asText() + "'", null);
        }
    }

    private static INDArray row(float[] values) {
        return Nd4j.create(values, new long[] {1, values.length}, 'c').castTo(DataType.FLOAT);
    }

    /** One for another thread: DL4J's normalizers change their statistics when they are first used. */
    static DataNormalization copy(DataNormalization normalizer) {
        return normalizer == null ? null : read(write(normalizer));
    }

    static byte[] write(DataNormalization normalizer) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            NormalizerSerializer.getDefault().write(normalizer, bytes);
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads a normalizer, but none that names a class of its own to instantiate. */
    static DataNormalization read(byte[] bytes) {
        try {
            DataInputStream header = new DataInputStream(new ByteArrayInputStream(bytes));
            header.readUTF();
            header.readInt();
            if (header.readUTF().equals("CUSTOM")) {
                throw BridgeException.model("normalizer.bin names a user-written Java class; such a file is not read", null);
            }
            return NormalizerSerializer.getDefault().restore(new ByteArrayInputStream(bytes));
        } catch (BridgeException e) {
            throw e;
        } catch (Exception e) {
            throw BridgeException.model("normalizer.bin cannot be read: " + e.getMessage(), e);
        }
    }
}
