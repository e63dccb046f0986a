package org.pydl4j.spark.helpers;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;

import org.bytedeco.javacpp.FloatPointer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer.AlgoMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer.BwdDataAlgo;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer.BwdFilterAlgo;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer.FwdAlgo;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNConvHelper;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A convolution's arithmetic without the waste of DL4J's: the forward pass is not computed a second time during
 * backpropagation, and the first layer of a network computes no gradient for its input.
 *
 * <p>Per image, what the filters see becomes a matrix, and OpenBLAS multiplies it with the weights. Where oneDNN is at
 * hand it does the layers that are not the first, in which it is as fast, and those that are NHWC; but ND4J cannot
 * make it dilate. What neither does (double, half, dilated NHWC) is left to DL4J.
 */
final class PatchConvolution extends MKLDNNConvHelper {

    private final boolean first;
    private final boolean oneDnn;
    private final Scratch patches = new Scratch();
    private final Scratch patchGradients = new Scratch();
    private final Scratch ones = new Scratch();
    private final Kept kept = new Kept();
    private INDArray lastInput;
    private INDArray lastWeights;

    PatchConvolution(boolean first, boolean oneDnn) {
        super(null);
        this.first = first;
        this.oneDnn = oneDnn;
    }

    @Override
    public boolean checkSupported() {
        return true;
    }

    @Override
    public INDArray preOutput(INDArray input, INDArray weights, INDArray bias, int[] kernel, int[] strides, int[] pad,
            AlgoMode mode, FwdAlgo algorithm, ConvolutionMode convolutionMode, int[] dilation, CNN2DFormat format,
            LayerWorkspaceMgr workspaces) {
        INDArray z = kept.take(input, weights);
        if (z != null) {
            return z;
        }
        if (!Floats.areIn(input, weights)) {
            return null;
        }
        if (isOurs(format, dilation)) {
            int[] outSize = ConvolutionUtils.getOutputSize(input, kernel, strides,
                    convolutionMode == ConvolutionMode.Same ? null : pad, convolutionMode, dilation, format);
            z = multiply(Floats.dense(input), weights, bias,
                    window(input, kernel, strides, pad, dilation, outSize), outSize, workspaces);
        } else if (isOneDnns(dilation)) {
            z = super.preOutput(input, weights, bias, kernel, strides, pad, mode, algorithm, convolutionMode, dilation,
                    format, workspaces);
        } else {
            return null;
        }
        lastInput = input;
        lastWeights = weights;
        return z;
    }

    @Override
    public INDArray activate(INDArray z, IActivation activation, boolean training) {
        if (training) {
            kept.put(lastInput, lastWeights, z);
        }
        return super.activate(z, activation, training);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray input, INDArray weights, INDArray bias, INDArray delta,
            int[] kernel, int[] strides, int[] pad, INDArray biasGradient, INDArray weightGradient,
            IActivation activation, AlgoMode mode, BwdFilterAlgo filterAlgorithm, BwdDataAlgo dataAlgorithm,
            ConvolutionMode convolutionMode, int[] dilation, CNN2DFormat format, LayerWorkspaceMgr workspaces) {
        if (!Floats.areIn(input, weights)) {
            return null;
        }
        // Dense, because ND4J passes oneDNN a permuted array as if it were not: the gradients would be wrong.
        INDArray dense = Floats.dense(delta);
        if (isOurs(format, dilation)) {
            int[] outSize = {(int) delta.size(2), (int) delta.size(3)};
            return gradients(Floats.dense(input), weights, dense,
                    window(input, kernel, strides, pad, dilation, outSize), biasGradient, weightGradient, workspaces);
        }
        return isOneDnns(dilation)
                ? super.backpropGradient(input, weights, bias, dense, kernel, strides, pad, biasGradient, weightGradient,
                        activation, mode, filterAlgorithm, dataAlgorithm, convolutionMode, dilation, format, workspaces)
                : null;
    }

    private boolean isOurs(CNN2DFormat format, int[] dilation) {
        return format == CNN2DFormat.NCHW && (first || !isOneDnns(dilation));
    }

    private boolean isOneDnns(int[] dilation) {
        return oneDnn && dilation[0] == 1 && dilation[1] == 1;
    }

    private INDArray multiply(INDArray input, INDArray weights, INDArray bias, Window window, int[] outSize,
            LayerWorkspaceMgr workspaces) {
        int filters = (int) weights.size(0);
        int seen = window.seen();
        int places = window.places();
        long images = input.size(0);
        INDArray z = workspaces.createUninitialized(ArrayType.ACTIVATIONS, DataType.FLOAT,
                new long[] {images, filters, outSize[0], outSize[1]}, 'c');
        long from = Floats.address(input);
        long to = Floats.address(z);
        FloatPointer w = pointer(weights);
        FloatPointer out = pointer(z);
        FloatPointer seenThere = patches.ofAtLeast((long) seen * places);
        for (long image = 0; image < images; image++) {
            window.patches(from + Float.BYTES * image * window.image(), seenThere.address());
            long offset = image * filters * places;
            for (int filter = 0; filter < filters; filter++) {
                Floats.fill(to + Float.BYTES * (offset + (long) filter * places), places, bias.getFloat(filter));
            }
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, filters, places, seen, 1, w, seen, seenThere, places,
                    1, out.position(offset), places);
        }
        return z;
    }

    private Pair<Gradient, INDArray> gradients(INDArray input, INDArray weights, INDArray delta, Window window,
            INDArray biasGradient, INDArray weightGradient, LayerWorkspaceMgr workspaces) {
        int filters = (int) weights.size(0);
        int seen = window.seen();
        int places = window.places();
        long images = input.size(0);
        INDArray epsilon = first
                ? workspaces.create(ArrayType.ACTIVATION_GRAD, DataType.FLOAT, input.shape(), 'c')
                : workspaces.createUninitialized(ArrayType.ACTIVATION_GRAD, DataType.FLOAT, input.shape(), 'c');
        long from = Floats.address(input);
        long to = Floats.address(epsilon);
        FloatPointer w = pointer(weights);
        FloatPointer dW = pointer(weightGradient);
        FloatPointer dZ = pointer(delta);
        FloatPointer seenThere = patches.ofAtLeast((long) seen * places);
        FloatPointer dB = biasGradient == null ? null : pointer(biasGradient);
        FloatPointer ones = this.ones.ofAtLeast(places);
        Floats.fill(ones.address(), places, 1);
        FloatPointer dSeen = first ? null : patchGradients.ofAtLeast((long) seen * places);
        for (long image = 0; image < images; image++) {
            long offset = image * window.image() * Float.BYTES;
            dZ.position(image * filters * places);
            window.patches(from + offset, seenThere.address());
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, filters, seen, places, 1, dZ, places, seenThere, places,
                    image == 0 ? 0 : 1, dW, seen);
            if (dB != null) {
                cblas_sgemv(CblasRowMajor, CblasNoTrans, filters, places, 1, dZ, places, ones, 1, image == 0 ? 0 : 1, dB, 1);
            }
            if (!first) {
                cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, seen, places, filters, 1, w, seen, dZ, places,
                        0, dSeen, places);
                window.addUp(dSeen.address(), to + offset);
            }
        }
        Gradient gradient = new DefaultGradient();
        if (biasGradient != null) {
            gradient.gradientForVariable().put(ConvolutionParamInitializer.BIAS_KEY, biasGradient);
        }
        gradient.gradientForVariable().put(ConvolutionParamInitializer.WEIGHT_KEY, weightGradient);
        return new Pair<>(gradient, epsilon);
    }

    private static Window window(INDArray input, int[] kernel, int[] strides, int[] pad, int[] dilation, int[] outSize) {
        return new Window((int) input.size(1), (int) input.size(2), (int) input.size(3), kernel, strides, pad, dilation,
                outSize[0], outSize[1]);
    }

    private static FloatPointer pointer(INDArray array) {
        return new FloatPointer(array.data().addressPointer());
    }
}
