package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.nd4j.linalg.api.buffer.DataType;

/** Capsule layers, each alone and in a row. */
final class Capsules extends Family {
    @Override
    void write() {
        for (ConvolutionMode mode : MODES) {
            images("capsules_primary_" + mode, primary().kernelSize(2, 3).stride(2, 1).convolutionMode(mode));
        }
        images("capsules_primary_even_Same", primary().kernelSize(2, 4).stride(1, 2).convolutionMode(ConvolutionMode.Same));
        images("capsules_primary_padding", primary().kernelSize(3, 2).stride(2, 3).padding(1, 2));
        images("capsules_primary_dilation", primary().kernelSize(2, 3).dilation(2, 1));
        images("capsules_primary_unbiased", primary().kernelSize(2, 3).stride(2, 2).hasBias(false));
        images("capsules_primary_relu", primary().kernelSize(2, 3).stride(2, 2).useReLU(true));
        images("capsules_primary_leaky", primary().kernelSize(2, 3).stride(2, 2).useLeakyReLU(0.2));

        for (int routings = 1; routings < 5; routings++) {
            capsules("capsules_routing_" + routings, new CapsuleLayer.Builder(3, 5, routings));
        }
        capsules("capsules_biased", new CapsuleLayer.Builder(3, 5, 3).hasBias(true));
        net("capsules_strength").on(random(8, N, 6, 4), (Layer) new CapsuleStrengthLayer.Builder().build());
        inARow("capsules_in_a_row", DataType.FLOAT);
        for (DataType type : OTHER_TYPES) {
            inARow("capsules_in_a_row_" + type, type);
        }
    }

    private static PrimaryCapsules.Builder primary() {
        return new PrimaryCapsules.Builder(4, 3).stride(1, 1).hasBias(true);
    }

    private void images(String name, PrimaryCapsules.Builder layer) {
        net(name).images(CNN2DFormat.NCHW).on(image(CNN2DFormat.NCHW), (Layer) layer.build());
    }

    private void capsules(String name, CapsuleLayer.Builder layer) {
        net(name).input(InputType.recurrent(6, 4)).on(random(8, N, 6, 4), (Layer) layer.build());
    }

    private void inARow(String name, DataType type) {
        net(name).type(type).images(CNN2DFormat.NCHW).on(image(CNN2DFormat.NCHW),
                conv(CNN2DFormat.NCHW).build(),
                (Layer) primary().kernelSize(3, 2).stride(2, 2).build(),
                (Layer) new CapsuleLayer.Builder(3, 5, 2).hasBias(true).build(),
                (Layer) new CapsuleStrengthLayer.Builder().build(),
                output(3, 4).build());
    }
}
