package org.pydl4j.spark;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.cpu.nativecpu.ops.NativeOpExecutioner;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * ND4J's executioner, but pooling and dilated convolution are never left to oneDNN.
 *
 * <p>ND4J hands an operation to oneDNN wherever it is in the native code, and forgets the dilation on the way: pooling
 * comes out wrong or fails, outputs and gradients, and convolution fails. ND4J's own code is right, and for pooling three to seven
 * times as fast.
 */
public final class NativeExecutioner extends NativeOpExecutioner {

    private static final Set<String> POOLING = Set.of("maxpool2d", "maxpool2d_bp", "avgpool2d", "avgpool2d_bp",
            "maxpool3dnew", "maxpool3dnew_bp", "avgpool3dnew", "avgpool3dnew_bp");
    /** Where their integer arguments have the dilation: from here to before there. */
    private static final Map<String, int[]> CONVOLUTIONS = Map.of("conv1d", new int[] {3, 4}, "conv1d_bp", new int[] {3, 4},
            "conv2d", new int[] {6, 8}, "conv2d_bp", new int[] {6, 8},
            "conv3dnew", new int[] {9, 12}, "conv3dnew_bp", new int[] {9, 12});
    /** Which axis of the weights of a one-dimensional convolution is the kernel's, by their format. */
    private static final int[] KERNEL_AXES = {0, 2, 1};

    @Override
    public INDArray[] exec(CustomOp op, OpContext context) {
        boolean dilated = CONVOLUTIONS.containsKey(op.opName()) && isOneDnns(CONVOLUTIONS.get(op.opName()), context);
        if (dilated && op.opName().startsWith("conv1d")) {
            return convolveSpread(op, context);
        }
        if (dilated || POOLING.contains(op.opName())) {
            context.allowHelpers(false);
        }
        return super.exec(op, context);
    }

    private static boolean isOneDnns(int[] dilation, OpContext context) {
        List<Long> settings = context.getIArguments();
        return settings.size() >= dilation[1]
                && settings.subList(dilation[0], dilation[1]).stream().anyMatch(each -> each > 1)
                && context.getInputArray(0).dataType() == DataType.FLOAT && NativeBuild.OURS.hasOneDnn();
    }

    /**
     * A convolution of one dimension is one of two inside, which goes its own way to oneDNN; so the gaps are written into
     * the kernel, as zeros, and there is no dilation any more.
     */
    private INDArray[] convolveSpread(CustomOp op, OpContext context) {
        long[] settings = context.getIArguments().stream().mapToLong(Long::longValue).toArray();
        INDArray kernel = context.getInputArray(1);
        int axis = KERNEL_AXES[settings.length > 6 ? (int) settings[6] : 0];
        long reach = (kernel.size(axis) - 1) * settings[3] + 1;
        long[] shape = kernel.shape().clone();
        shape[axis] = reach;
        INDArrayIndex[] places = LongStream.range(0, shape.length).mapToObj(i -> i == axis
                ? NDArrayIndex.interval(0, settings[3], reach) : NDArrayIndex.all()).toArray(INDArrayIndex[]::new);
        INDArray spread = Nd4j.zeros(kernel.dataType(), shape);
        spread.get(places).assign(kernel);
        INDArray gradient = op.opName().endsWith("_bp") ? context.getOutputArray(1) : null;
        INDArray spreadGradient = gradient == null ? null : Nd4j.zeros(kernel.dataType(), shape);
        long[] plain = settings.clone();
        plain[0] = reach;
        plain[3] = 1;
        set(context, spread, plain, spreadGradient);
        try {
            super.exec(op, context);
        } finally {
            set(context, kernel, settings, gradient);
        }
        if (gradient != null) {
            gradient.assign(spreadGradient.get(places));
        }
        return context.getOutputArrays().toArray(new INDArray[0]);
    }

    private static void set(OpContext context, INDArray kernel, long[] settings, INDArray gradient) {
        context.setInputArray(1, kernel);
        context.setIArguments(settings);
        if (gradient != null) {
            context.setOutputArray(1, gradient);
        }
    }
}
