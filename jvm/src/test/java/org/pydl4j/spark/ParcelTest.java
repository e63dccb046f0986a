package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParcelTest {

    /** No rows, one, a chunk and a bit, and rows larger than a chunk. */
    @ParameterizedTest
    @CsvSource({"0, 5", "1, 1", "7, 3", "5000, 1000", "3, 2500000"})
    void unpacksWhatWasPacked(int rows, int width) {
        Random random = new Random(1);
        float[][] all = new float[rows][width];
        for (float[] row : all) {
            for (int i = 0; i < width; i += 7) {
                row[i] = (float) random.nextGaussian();
            }
        }
        assertArrayEquals(all, new Parcel(all).unpack());
    }
}
