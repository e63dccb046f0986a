package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Our files in plain DL4J's hands, and its files in ours. */
class StoreTest {

    @TempDir
    Path folder;

    private MultiLayerNetwork model;
    private NormalizerStandardize normalizer;

    @BeforeEach
    void train() {
        model = Networks.perceptron(new Adam(0.01));
        float[][] rows = Networks.rows(20);
        for (int i = 0; i < 3; i++) {
            model.fit(Networks.dataSet(rows, 0, 20));
        }
        model.incrementEpochCount();
        normalizer = new NormalizerStandardize(Nd4j.rand(1, Networks.FEATURES), Nd4j.rand(1, Networks.FEATURES).addi(1));
    }

    private byte[] ours() throws IOException {
        return Store.bytes(new Network(model, normalizer), true, "{\"format\": 1}");
    }

    private static void same(MultiLayerNetwork expected, MultiLayerNetwork actual) {
        assertEquals(expected.params(), actual.params());
        assertEquals(expected.getUpdater().getStateViewArray(), actual.getUpdater().getStateViewArray());
        assertEquals(expected.getIterationCount(), actual.getIterationCount());
        assertEquals(expected.getEpochCount(), actual.getEpochCount());
        assertEquals(expected.getLayerWiseConfigurations().toJson(), actual.getLayerWiseConfigurations().toJson());
    }

    @Test
    void plainDl4jReadsOurs() throws IOException {
        File file = folder.resolve("ours.zip").toFile();
        Store.write(ours(), file.getPath(), new Configuration());
        same(model, MultiLayerNetwork.load(file, true));
        assertEquals(normalizer, ModelSerializer.restoreNormalizerFromFile(file));
        // And goes on training with it exactly as the network that was saved.
        MultiLayerNetwork loaded = ModelSerializer.restoreMultiLayerNetwork(file, true);
        float[][] rows = Networks.rows(20);
        loaded.fit(Networks.dataSet(rows, 0, 20));
        model.fit(Networks.dataSet(rows, 0, 20));
        assertEquals(model.params(), loaded.params());
    }

    @Test
    void weReadPlainDl4js() throws IOException {
        File file = folder.resolve("theirs.zip").toFile();
        ModelSerializer.writeModel(model, file, true);
        ModelSerializer.addNormalizerToModel(file, normalizer);
        Network network = Store.network(Files.readAllBytes(file.toPath()));
        same(model, network.layered());
        assertEquals(normalizer, network.normalizer());
    }

    @Test
    void withoutUpdaterOrNormalizer() throws IOException {
        Network network = Store.network(Store.bytes(new Network(model, null), false, "{}"));
        assertEquals(model.params(), network.layered().params());
        assertNull(network.normalizer());
    }

    /** In every type, of views, too. */
    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"FLOAT", "DOUBLE", "HALF"})
    void arraysAreWrittenAsNd4jWritesThem(DataType type) throws IOException {
        INDArray whole = Nd4j.rand(4, 5).castTo(type);
        for (INDArray array : new INDArray[] {whole, whole.getRow(2), whole.getColumn(1), whole.dup('f')}) {
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            Nd4j.write(array, new DataOutputStream(expected));
            assertArrayEquals(expected.toByteArray(), Store.bytes(array));
        }
        assertEquals(0, Store.bytes((INDArray) null).length);
    }

    @Test
    void theSameNetworkGivesTheSameBytes() throws IOException {
        assertArrayEquals(ours(), ours());
    }

    @Test
    void objectsThatJavaSerialisedAreNeverRead() throws IOException {
        ByteArrayOutputStream poisoned = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(poisoned);
                ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(ours()))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                out.putNextEntry(new ZipEntry(entry.getName()));
                out.write(in.readAllBytes());
            }
            out.putNextEntry(new ZipEntry("preprocessor.bin"));
            out.write(new byte[] {(byte) 0xAC, (byte) 0xED, 0, 5, 1, 2, 3});
        }
        // DL4J itself would read the entry, and fail on it.
        assertThrows(IOException.class, () -> ModelSerializer.restoreMultiLayerNetwork(
                new ByteArrayInputStream(poisoned.toByteArray()), true));
        same(model, Store.network(poisoned.toByteArray()).layered());
    }

    @Test
    void aNormalizerThatNamesAClassIsRefused() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        java.io.DataOutputStream out = new java.io.DataOutputStream(bytes);
        out.writeUTF("NORMALIZER");
        out.writeInt(1);
        out.writeUTF("CUSTOM");
        out.writeUTF("com.acme.Evil");
        BridgeException refused = assertThrows(BridgeException.class, () -> Normalizers.read(bytes.toByteArray()));
        assertEquals("MODEL", refused.code());
    }

    @Test
    void filesAreReplacedWhole() throws IOException {
        Path target = folder.resolve("model.zip");
        Files.writeString(target, "old");
        Store.write(new byte[] {1, 2, 3}, target.toString(), new Configuration());
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(target));
        Store.write(new byte[] {4}, target.toUri().toString(), new Configuration());
        assertArrayEquals(new byte[] {4}, Files.readAllBytes(target));
        assertThrows(IOException.class,
                () -> Store.write(new byte[] {5}, folder + "/no/model.zip", new Configuration()));
        try (var files = Files.list(folder)) {
            assertFalse(files.anyMatch(p -> p.getFileName().toString().endsWith(".tmp")));
        }
        assertTrue(Store.isLocal("/a/b") && Store.isLocal("a.zip") && !Store.isLocal("hdfs://x/a"));
    }
}
