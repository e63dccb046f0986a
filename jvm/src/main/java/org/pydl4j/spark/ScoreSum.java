package org.pydl4j.spark;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;

/** Adds up the scores of a minibatch's updates: truncated BPTT makes several, one for each piece of the sequences. */
final class ScoreSum extends BaseTrainingListener {

    private double sum;

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
        sum += model.score();
    }

    void reset() {
        sum = 0;
    }

    double sum() {
        return sum;
    }
}
