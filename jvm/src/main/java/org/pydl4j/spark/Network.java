package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.pydl4j.spark.helpers.Helpers;

/** What Python holds on to: a network and, where there is one, the normalizer its inputs go through. */
public final class Network {

    private static final long LOOK_MILLIS = 20;

    final Trainee trainee;
    /** Held by whoever computes with the network in this JVM: DL4J's networks are for one thread at a time. */
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean training;
    private DataNormalization normalizer;
    private boolean inUse;
    private final List<Inference> twins = new ArrayList<>();

    Network(Model model, DataNormalization normalizer) {
        trainee = Trainee.of(model);
        setNormalizer(normalizer);
        Helpers.install(model);
        for (Layer layer : trainee.layers()) {
            settleLayout(layer.conf().getLayer());
        }
    }

    /** Sequences of no stated layout are NCW to DL4J, but for a check in training, which takes them for NWC and throws. */
    private static void settleLayout(org.deeplearning4j.nn.conf.layers.Layer layer) {
        if (layer instanceof RnnOutputLayer && ((RnnOutputLayer) layer).getRnnDataFormat() == null) {
            ((RnnOutputLayer) layer).setRnnDataFormat(RNNFormat.NCW);
        }
    }

    /** The network where only one of layers will do. */
    MultiLayerNetwork layered() {
        if (!(trainee.model() instanceof MultiLayerNetwork)) {
            throw BridgeException.config("this network is a ComputationGraph, and spark-submit without Python takes networks "
                    + "of layers only; train and score it from Python: SparkComputationGraph", null);
        }
        return (MultiLayerNetwork) trainee.model();
    }

    synchronized DataNormalization normalizer() {
        return normalizer;
    }

    synchronized void setNormalizer(DataNormalization fitted) {
        if (fitted != null && trainee.inputs() > 1) {
            throw BridgeException.config("the graph has " + trainee.inputs() + " inputs, and a normalizer has statistics "
                    + "for one: normalize the arrays before", null);
        }
        normalizer = fitted;
    }

    /** Claims the network for one fit; two at once would write into the same parameters. */
    synchronized void acquire() {
        if (inUse) {
            throw new BridgeException(BridgeException.Code.TRAINING,
                    "this network is being trained by another fit; wait for it, or train a second network");
        }
        inUse = true;
    }

    synchronized void release() {
        inUse = false;
    }

    /** Trains the network itself: nobody else computes with it meanwhile. */
    <T> T train(Callable<T> work) throws Exception {
        lock.lock();
        training = true;
        try {
            return work.call();
        } finally {
            training = false;
            lock.unlock();
        }
    }

    /** Computes with the network: after whoever does so now, but never in the middle of a fit. */
    <T> T use(Callable<T> work) throws Exception {
        while (!lock.tryLock(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
            if (training) {
                throw new BridgeException(BridgeException.Code.TRAINING, "this network is being trained by a fit in "
                        + "another thread; wait for it, or look at the network in a callback of the fit");
            }
        }
        try {
            return work.call();
        } finally {
            lock.unlock();
        }
    }

    /** The network for scoring: it shares the parameters, and has its own activations and recurrent state. */
    Inference twin() {
        return twin(0);
    }

    /** One for each thread that scores at the same time; making one costs more than a few rows do. */
    Inference twin(int thread) {
        while (twins.size() <= thread) {
            twins.add(Inference.of(trainee.configuration(), trainee.params()));
        }
        return twins.get(thread);
    }
}
