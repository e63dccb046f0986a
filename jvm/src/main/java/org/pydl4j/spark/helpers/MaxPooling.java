package org.pydl4j.spark.helpers;

import java.util.Collections;
import java.util.Map;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.subsampling.SubsamplingHelper;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The gradient of the commonest pooling: the maximum of 2 × 2 windows side by side, without padding. All else is left
 * to DL4J, which asks for the gradient only.
 */
final class MaxPooling implements SubsamplingHelper {

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray input, INDArray epsilon, int[] kernel, int[] strides,
            int[] pad, PoolingType type, ConvolutionMode convolutionMode, int[] dilation, CNN2DFormat format,
            LayerWorkspaceMgr workspaces) {
        boolean isOurs = type == PoolingType.MAX && format == CNN2DFormat.NCHW && areAll(2, kernel) && areAll(2, strides)
                && areAll(0, pad) && areAll(1, dilation) && Floats.areIn(input, epsilon)
                && input.size(2) >= 2 * epsilon.size(2) && input.size(3) >= 2 * epsilon.size(3);
        if (!isOurs) {
            return null;
        }
        INDArray gradient = workspaces.createUninitialized(ArrayType.ACTIVATION_GRAD, DataType.FLOAT, input.shape(), 'c');
        INDArray in = Floats.dense(input);
        INDArray out = Floats.dense(epsilon);
        int height = (int) in.size(2);
        int width = (int) in.size(3);
        int outHeight = (int) out.size(2);
        int outWidth = (int) out.size(3);
        if (height != 2 * outHeight || width != 2 * outWidth) { // an odd row or column that no window sees
            Floats.zero(Floats.address(gradient), gradient.length());
        }
        long x = Floats.address(in);
        long dX = Floats.address(gradient);
        long dY = Floats.address(out);
        long images = in.size(0) * in.size(1);
        for (long image = 0; image < images; image++) {
            for (int y = 0; y < outHeight; y++) {
                long at = Float.BYTES * (image * height + 2L * y) * width;
                line(x + at, dY, dX + at, outWidth, (long) Float.BYTES * width);
                dY += (long) Float.BYTES * outWidth;
            }
        }
        return new Pair<>(new DefaultGradient(), gradient);
    }

    /**
     * Two lines of the input and the line of the output between them: the first of four that is the maximum takes the
     * gradient. By masks, not branches: which one it is nobody can predict.
     */
    private static void line(long x, long dY, long dX, int count, long next) {
        for (int i = 0; i < count; i++) {
            long at = 2L * Float.BYTES * i;
            float a = Floats.get(x + at, 0);
            float b = Floats.get(x + at, 1);
            float c = Floats.get(x + at + next, 0);
            float d = Floats.get(x + at + next, 1);
            int most = Float.floatToRawIntBits(Math.max(Math.max(a, b), Math.max(c, d)));
            int isNotA = differs(a, most);
            int isNotB = differs(b, most);
            int isNotC = differs(c, most);
            int gradient = Float.floatToRawIntBits(Floats.get(dY, i));
            Floats.put(dX + at, 0, Float.intBitsToFloat(gradient & ~isNotA));
            Floats.put(dX + at, 1, Float.intBitsToFloat(gradient & isNotA & ~isNotB));
            Floats.put(dX + at + next, 0, Float.intBitsToFloat(gradient & isNotA & isNotB & ~isNotC));
            Floats.put(dX + at + next, 1, Float.intBitsToFloat(gradient & isNotA & isNotB & isNotC));
        }
    }

    /** All ones where a number is not of these bits, else all zeros. */
    private static int differs(float number, int bits) {
        int difference = Float.floatToRawIntBits(number) ^ bits;
        return (difference | -difference) >> 31;
    }

    private static boolean areAll(int value, int[] numbers) {
        for (int number : numbers) {
            if (number != value) {
                return false;
            }
        }
        return true;
    }

    @Override
    public INDArray activate(INDArray input, boolean training, int[] kernel, int[] strides, int[] pad, PoolingType type,
            ConvolutionMode convolutionMode, int[] dilation, CNN2DFormat format, LayerWorkspaceMgr workspaces) {
        return null;
    }

    @Override
    public boolean checkSupported() {
        return true;
    }

    @Override
    public Map<String, Long> helperMemoryUse() {
        return Collections.emptyMap();
    }
}
