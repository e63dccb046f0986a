package org.pydl4j.spark.helpers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNBatchNormHelper;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;

/**
 * Batch normalization by oneDNN, of arrays in C order.
 *
 * <p>ND4J passes oneDNN a permuted array as if it were not, such as what recurrent layers give where the time comes first.
 */
final class PlainBatchNorm extends MKLDNNBatchNormHelper {

    PlainBatchNorm() {
        super(null);
    }

    private static INDArray plain(INDArray array) {
        return Shape.hasDefaultStridesForShape(array) ? array : array.dup('c');
    }

    @Override
    public INDArray preOutput(INDArray x, boolean training, long[] shape, INDArray gamma, INDArray beta, INDArray mean,
            INDArray var, double decay, double eps, CNN2DFormat format, LayerWorkspaceMgr workspaces) {
        return super.preOutput(plain(x), training, shape, gamma, beta, mean, var, decay, eps, format, workspaces);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray input, INDArray epsilon, long[] shape, INDArray gamma,
            INDArray beta, INDArray gammaGradient, INDArray betaGradient, double eps, CNN2DFormat format,
            LayerWorkspaceMgr workspaces) {
        return super.backpropGradient(plain(input), epsilon, shape, gamma, beta, gammaGradient, betaGradient, eps, format,
                workspaces);
    }
}
