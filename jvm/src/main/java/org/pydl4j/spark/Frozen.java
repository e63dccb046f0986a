package org.pydl4j.spark;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.layers.FrozenLayerWithBackprop;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The parameters of a network's frozen layers, which training leaves as they are, to the bit. */
final class Frozen implements AutoCloseable {

    private final Map<Layer, INDArray> kept = new IdentityHashMap<>();

    /** Remembers what the frozen layers have now. */
    Frozen(Trainee network) {
        for (Layer layer : network.layers()) {
            boolean frozen = layer instanceof FrozenLayer || layer instanceof FrozenLayerWithBackprop;
            if (frozen && layer.numParams() > 0) {
                kept.put(layer, layer.params().dup());
            }
        }
    }

    /** Puts it back: DL4J's own averages round, the mean of three equal numbers too. */
    void restore() {
        kept.forEach((layer, params) -> layer.params().assign(params));
    }

    @Override
    public void close() {
        kept.values().forEach(INDArray::close);
    }

    /**
     * Takes out of the layers of a network in training what DL4J does to a FrozenLayerWithBackprop all the same:
     * regularisation moves its parameters, dropout and weight noise that were left out forwards fail or go on
     * backwards. What the network's own configuration says, and is saved, stays.
     */
    static void settle(Trainee network) {
        for (Layer layer : network.layers()) {
            if (layer instanceof FrozenLayerWithBackprop && layer.conf() != null) {
                org.deeplearning4j.nn.conf.layers.Layer atRest = layer.conf().getLayer().clone();
                settle(atRest);
                layer.conf().setLayer(atRest);
            }
        }
    }

    private static void settle(org.deeplearning4j.nn.conf.layers.Layer layer) {
        layer.setIDropout(null);
        if (layer instanceof BaseLayer) {
            ((BaseLayer) layer).setRegularization(List.of());
            ((BaseLayer) layer).setRegularizationBias(List.of());
            ((BaseLayer) layer).setWeightNoise(null);
        } else if (layer instanceof Bidirectional) {
            settle(((Bidirectional) layer).getFwd());
            settle(((Bidirectional) layer).getBwd());
        } else if (layer instanceof BaseWrapperLayer) {
            settle(((BaseWrapperLayer) layer).getUnderlying());
        }
    }
}
