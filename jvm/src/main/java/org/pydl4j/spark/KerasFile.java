package org.pydl4j.spark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.bytedeco.hdf5.Attribute;
import org.bytedeco.hdf5.DataSpace;
import org.bytedeco.hdf5.DataType;
import org.bytedeco.hdf5.H5File;
import org.bytedeco.hdf5.global.hdf5;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.modelimport.keras.Hdf5Archive;
import org.deeplearning4j.nn.modelimport.keras.KerasModel;
import org.deeplearning4j.nn.modelimport.keras.KerasSequentialModel;
import org.deeplearning4j.nn.modelimport.keras.exceptions.InvalidKerasConfigurationException;
import org.deeplearning4j.nn.modelimport.keras.exceptions.UnsupportedKerasConfigurationException;
import org.deeplearning4j.nn.modelimport.keras.utils.KerasModelBuilder;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A network out of a file that Keras wrote (HDF5), read by DL4J's importer. The native HDF5 library is loaded by the
 * first of them.
 */
public final class KerasFile {

    private static final List<String> TEXTS =
            List.of("model_config", "training_config", "keras_version", "backend");
    private static final String LEAVE_OUT =
            " (Where that is of its training, enforce_training_config=False leaves it out.)";

    final Network network;
    /** What DL4J's configuration does not say: what goes into each input, by its name, in DL4J's JSON. */
    final ObjectNode inputTypes = Json.object();

    private KerasFile(KerasModel model, Model made) {
        network = new Network(made, null);
        for (String input : model.getInputLayerNames()) {
            inputTypes.set(input, NeuralNetConfiguration.mapper().valueToTree(model.getOutputTypes().get(input)));
        }
    }

    /** @param training whether loss, optimizer and regularisation are read too, and must be known to DL4J */
    static KerasFile read(String path, boolean training) throws IOException {
        // What DL4J leaves open after a failure is open until it is collected, and to HDF5 the same file is still the
        // old one then, whatever was written to it meanwhile. A copy is another file.
        Path copy = Files.createTempFile(Workspace.folder(), "keras", ".h5");
        try {
            Files.copy(Path.of(path), copy, StandardCopyOption.REPLACE_EXISTING);
            return read(path, copy.toString(), training);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    private static KerasFile read(String path, String copy, boolean training) throws IOException {
        // The library is not thread-safe, and the importer's own lock does not reach from open to close.
        synchronized (Hdf5Archive.LOCK_OBJECT) {
            try (KerasModelBuilder builder = new KerasModel().modelBuilder()) {
                // What fails is thrown; HDF5 would write a page to stderr besides.
                org.bytedeco.hdf5.Exception.dontPrint();
                checkTexts(path, copy);
                builder.modelHdf5Filename(copy).enforceTrainingConfig(training);
                if (builder.getTrainingJson() != null) {
                    builder.setTrainingJson(training(builder.getTrainingJson()));
                }
                JsonNode configuration = Json.read(builder.getModelJson());
                if (configuration.path("class_name").asText().equals("Sequential")) {
                    KerasSequentialModel model = builder.buildSequential();
                    return new KerasFile(model, model.getMultiLayerNetwork());
                }
                KerasModel model = builder.buildModel();
                return new KerasFile(model, model.getComputationGraph());
            } catch (UnsupportedKerasConfigurationException e) {
                String reason = e.getMessage().replaceFirst("\\s*Please file an issue.*", "");
                throw BridgeException.config(path + ": DL4J's Keras import cannot take this model: " + reason
                        + LEAVE_OUT, e);
            } catch (InvalidKerasConfigurationException e) {
                throw BridgeException.model(path + ": this is no model that DL4J's Keras import can read: "
                        + e.getMessage().replace(copy, path), e);
            } catch (LinkageError e) {
                throw BridgeException.config(path + ": Keras import is not possible here, or this model has layers of raw "
                        + "TensorFlow operations: " + e, e);
            } catch (BridgeException e) {
                throw e;
            } catch (RuntimeException | OutOfMemoryError e) { // a damaged length may be any
                throw BridgeException.model(path + ": DL4J's Keras import fails at this file, which is damaged, or has what "
                        + "it does not know: " + Job.message(e) + LEAVE_OUT, e);
            }
        }
    }

    /**
     * Looks at what DL4J's reader trusts: it takes a text that is not there for one and ends the process, and looks for
     * the end of a damaged one in larger and larger buffers, up to 256 MB.
     */
    private static void checkTexts(String path, String copy) throws IOException {
        long most = Files.size(Path.of(copy));
        try (H5File file = new H5File(copy, hdf5.H5F_ACC_RDONLY())) {
            for (String name : TEXTS) {
                if (file.attrExists(name)) {
                    String text = text(file, name, most);
                    if (text == null || (name.endsWith("config") && !isJson(text))) {
                        throw BridgeException.model(path + ": the file is damaged: its '" + name + "' cannot be read", null);
                    }
                }
            }
        }
    }

    private static String text(H5File file, String name, long most) {
        try (Attribute attribute = file.openAttribute(name); DataSpace space = attribute.getSpace();
                DataType type = attribute.getDataType()) {
            if (attribute.getTypeClass() != hdf5.H5T_STRING || space.getSimpleExtentNpoints() != 1) {
                return null;
            }
            if (!type.isVariableStr()) {
                int size = (int) Math.min(type.getSize(), most + 1);
                try (BytePointer text = new BytePointer(new byte[size + 1])) {
                    boolean read = size <= most && hdf5.H5Aread(attribute.getId(), type.getId(), text) >= 0;
                    return read ? text.getString(StandardCharsets.UTF_8) : null;
                }
            }
            try (PointerPointer<BytePointer> place = new PointerPointer<>(1)) {
                place.put(0, (Pointer) null);
                boolean read = hdf5.H5Aread(attribute.getId(), type.getId(), place) >= 0;
                BytePointer text = read ? place.get(BytePointer.class, 0) : null;
                if (text == null) {
                    return null;
                }
                String found = text.getString(StandardCharsets.UTF_8);
                hdf5.H5free_memory(text);
                return found;
            }
        }
    }

    private static boolean isJson(String text) {
        try {
            return Json.read(text).isObject();
        } catch (BridgeException e) {
            return false;
        }
    }

    /** Since 2.11 Keras writes its own optimizers like those of users, and no decay, which DL4J asks for. */
    private static String training(String json) {
        JsonNode root = Json.read(json);
        JsonNode optimizer = root.path("optimizer_config");
        if (optimizer.isObject()) {
            ((ObjectNode) optimizer).put("class_name", optimizer.path("class_name").asText().replace("Custom>", ""));
            if (optimizer.path("config").isObject() && !optimizer.get("config").hasNonNull("decay")) {
                ((ObjectNode) optimizer.get("config")).put("decay", 0.0);
            }
        }
        return root.toString();
    }
}
