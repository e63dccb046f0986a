package org.pydl4j.spark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.StreamCapabilities;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Model files: DL4J's zip with one entry of ours that DL4J ignores, on local paths and on Hadoop filesystems. */
final class Store {

    static final String MANIFEST = "pydl4j.json";

    /** All that is ever read of a zip. What else may be in one (preprocessor.bin, objects/…) is Java-serialised. */
    private static final Set<String> READ = Set.of(ModelSerializer.CONFIGURATION_JSON, ModelSerializer.COEFFICIENTS_BIN,
            ModelSerializer.UPDATER_BIN, ModelSerializer.NORMALIZER_BIN, ModelSerializer.NO_PARAMS_MARKER, MANIFEST);

    private Store() {}

    /** What ModelSerializer writes, but not compressed: that takes thirty times as long, and leaves 93 % of weights. */
    static byte[] bytes(Network network, boolean saveUpdater, String manifest) throws IOException {
        Trainee trainee = network.trainee;
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put(ModelSerializer.CONFIGURATION_JSON, trainee.json().getBytes(StandardCharsets.UTF_8));
        entries.put(ModelSerializer.COEFFICIENTS_BIN, bytes(trainee.params()));
        if (isNone(trainee.params())) {
            entries.put(ModelSerializer.NO_PARAMS_MARKER, new byte[0]);
        }
        if (saveUpdater && !isNone(trainee.updaterState())) {
            entries.put(ModelSerializer.UPDATER_BIN, bytes(trainee.updaterState()));
        }
        if (network.normalizer() != null) {
            entries.put(ModelSerializer.NORMALIZER_BIN, Normalizers.write(network.normalizer()));
        }
        ObjectNode ours = (ObjectNode) Json.read(manifest);
        ObjectNode hashes = ours.putObject("sha256");
        entries.forEach((name, content) -> hashes.put(name, sha256(content)));
        entries.put(MANIFEST, Json.write(ours).getBytes(StandardCharsets.UTF_8));
        int size = entries.values().stream().mapToInt(content -> content.length).reduce(4096, Math::addExact);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(size);
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setLevel(0);
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                ZipEntry header = new ZipEntry(entry.getKey());
                header.setTime(0); // the same network gives the same bytes
                zip.putNextEntry(header);
                zip.write(entry.getValue());
            }
        }
        return bytes.toByteArray();
    }

    private static boolean isNone(INDArray array) {
        return array == null || array.length() == 0;
    }

    /** What {@code Nd4j.write} writes; that has a call for each number. */
    static byte[] bytes(INDArray array) throws IOException {
        if (isNone(array)) {
            return new byte[0];
        }
        INDArray own = array.isView() ? array.dup() : array;
        DataBuffer data = own.data();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            if (!RawArray.travels(own) || data.length() != own.length()) {
                Nd4j.write(own, out);
                return bytes.toByteArray();
            }
            own.shapeInfoDataBuffer().write(out);
            out.writeUTF(data.allocationMode().name());
            out.writeLong(data.length());
            out.writeUTF(data.dataType().name());
        }
        byte[] numbers = RawArray.read(own);
        ByteBuffer all = ByteBuffer.allocate(Math.addExact(bytes.size(), numbers.length)).put(bytes.toByteArray());
        ByteBuffer from = ByteBuffer.wrap(numbers).order(ByteOrder.nativeOrder());
        if (data.dataType() == DataType.DOUBLE) {
            all.asLongBuffer().put(from.asLongBuffer());
        } else {
            all.asIntBuffer().put(from.asIntBuffer());
        }
        return all.array();
    }

    static Network network(byte[] zip) throws IOException {
        Map<String, byte[]> entries = entries(new ByteArrayInputStream(zip));
        byte[] configuration = entries.get(ModelSerializer.CONFIGURATION_JSON);
        if (configuration == null) {
            throw BridgeException.model("the zip has no configuration.json: it is not a model that DL4J wrote", null);
        }
        JsonNode json = Json.read(new String(configuration, StandardCharsets.UTF_8));
        NetworkFactory.checkClasses(json);
        byte[] normalizer = entries.remove(ModelSerializer.NORMALIZER_BIN);
        ByteArrayOutputStream safe = new ByteArrayOutputStream(zip.length);
        try (ZipOutputStream out = new ZipOutputStream(safe)) {
            out.setLevel(0);
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue());
            }
        }
        try {
            InputStream in = new ByteArrayInputStream(safe.toByteArray());
            Model model = NetworkFactory.isGraph(json)
                    ? ModelSerializer.restoreComputationGraph(in, true)
                    : ModelSerializer.restoreMultiLayerNetwork(in, true);
            return new Network(model, normalizer == null ? null : Normalizers.read(normalizer));
        } catch (BridgeException e) {
            throw e;
        } catch (RuntimeException e) {
            throw BridgeException.model("DL4J cannot restore the model: " + e.getMessage(), e);
        }
    }

    /** Our entry of a model zip; an empty object where DL4J wrote it. */
    static JsonNode manifest(byte[] zip) throws IOException {
        byte[] entry = entries(new ByteArrayInputStream(zip)).get(MANIFEST);
        return entry == null ? Json.object() : Json.read(new String(entry, StandardCharsets.UTF_8));
    }

    private static Map<String, byte[]> entries(InputStream in) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (READ.contains(entry.getName())) {
                    entries.put(entry.getName(), zip.readAllBytes());
                }
            }
        }
        return entries;
    }

    private static String sha256(byte[] content) {
        try {
            StringBuilder hex = new StringBuilder();
            for (byte b : MessageDigest.getInstance("SHA-256").digest(content)) {
                hex.append(String.format("%02x", b));
            }
            return hex.toString();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A path without a scheme is a file beside the driver; anything else is Hadoop's. */
    static boolean isLocal(String path) {
        return !path.contains("://") && !path.startsWith("file:");
    }

    /** Written aside and renamed: a reader sees the old file or the whole new one. */
    static void write(byte[] content, String path, Configuration hadoop) throws IOException {
        if (isLocal(path)) {
            Path target = Path.of(path).toAbsolutePath();
            Path aside = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
            try {
                Files.write(aside, content);
                Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(aside);
            }
            return;
        }
        org.apache.hadoop.fs.Path target = new org.apache.hadoop.fs.Path(path);
        org.apache.hadoop.fs.Path aside = new org.apache.hadoop.fs.Path(
                target.getParent(), "." + target.getName() + "." + UUID.randomUUID() + ".tmp");
        FileContext files = FileContext.getFileContext(target.toUri(), hadoop);
        boolean moved = false;
        try {
            try (FSDataOutputStream out = files.create(aside, EnumSet.of(CreateFlag.CREATE),
                    Options.CreateOpts.createParent())) {
                out.write(content);
                if (out.hasCapability(StreamCapabilities.HSYNC)) {
                    out.hsync();
                }
            }
            files.rename(aside, target, Options.Rename.OVERWRITE);
            moved = true;
        } finally {
            if (!moved) {
                files.delete(aside, false);
            }
        }
    }

    static byte[] read(String path, Configuration hadoop) throws IOException {
        if (isLocal(path)) {
            return Files.readAllBytes(Path.of(path));
        }
        org.apache.hadoop.fs.Path source = new org.apache.hadoop.fs.Path(path);
        try (InputStream in = FileContext.getFileContext(source.toUri(), hadoop).open(source)) {
            return in.readAllBytes();
        }
    }

    static boolean exists(String path, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(path);
        return FileContext.getFileContext(file.toUri(), hadoop).util().exists(file);
    }

    static void delete(String path, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(path);
        if (exists(path, hadoop)) { // what is not there is no failure, and some filesystems make one of it
            FileContext.getFileContext(file.toUri(), hadoop).delete(file, false);
        }
    }
}
