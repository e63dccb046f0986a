package org.pydl4j.spark;

import java.io.Serializable;
import java.util.List;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.evaluation.classification.ROC;
import org.nd4j.evaluation.classification.ROCMultiClass;
import org.nd4j.evaluation.curves.RocCurve;
import org.nd4j.evaluation.regression.RegressionEvaluation;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Which of DL4J's evaluations are wanted, and how their numbers are told to Python. */
enum Evaluations implements Serializable {

    /** The loss alone. */
    SCORE {
        @Override
        IEvaluation<?>[] create() {
            return new IEvaluation<?>[0];
        }

        @Override
        ObjectNode report(IEvaluation<?>[] merged) {
            return Json.object().put("kind", "score");
        }
    },

    CLASSIFICATION {
        @Override
        IEvaluation<?>[] create() {
            return new IEvaluation<?>[] {new Evaluation()};
        }

        @Override
        ObjectNode report(IEvaluation<?>[] merged) {
            Evaluation e = (Evaluation) merged[0];
            ObjectNode json = Json.object();
            json.put("kind", "classification");
            json.put("accuracy", e.accuracy());
            json.put("precision", e.precision());
            json.put("recall", e.recall());
            json.put("f1", e.f1());
            json.put("stats", e.stats(false, true));
            ArrayNode matrix = json.putArray("confusion_matrix");
            List<Integer> classes = e.getConfusionMatrix().getClasses();
            for (int actual : classes) {
                ArrayNode row = matrix.addArray();
                for (int predicted : classes) {
                    row.add(e.getConfusionMatrix().getCount(actual, predicted));
                }
            }
            return json;
        }
    },

    REGRESSION {
        @Override
        IEvaluation<?>[] create() {
            return new IEvaluation<?>[] {new RegressionEvaluation()};
        }

        @Override
        ObjectNode report(IEvaluation<?>[] merged) {
            RegressionEvaluation e = (RegressionEvaluation) merged[0];
            ObjectNode json = Json.object();
            json.put("kind", "regression");
            json.put("stats", e.stats());
            ArrayNode columns = json.putArray("columns");
            for (int c = 0; c < e.numColumns(); c++) {
                ObjectNode column = columns.addObject();
                column.put("mean_squared_error", e.meanSquaredError(c));
                column.put("mean_absolute_error", e.meanAbsoluteError(c));
                column.put("root_mean_squared_error", e.rootMeanSquaredError(c));
                column.put("relative_squared_error", e.relativeSquaredError(c));
                column.put("pearson_correlation", e.pearsonCorrelation(c));
                column.put("r_squared", e.rSquared(c));
            }
            return json;
        }
    },

    /** One curve: for one output, or the second of two. */
    ROC_BINARY {
        @Override
        IEvaluation<?>[] create() {
            return new IEvaluation<?>[] {new ROC(0)};
        }

        @Override
        ObjectNode report(IEvaluation<?>[] merged) {
            ROC roc = (ROC) merged[0];
            ObjectNode json = Json.object();
            json.put("kind", "roc");
            json.put("stats", roc.stats());
            curve(json.putArray("curves").addObject(), roc.getRocCurve(), roc.calculateAUC(), roc.calculateAUCPR());
            return json;
        }
    },

    /** A curve per class, each against all others. */
    ROC_MULTI_CLASS {
        @Override
        IEvaluation<?>[] create() {
            return new IEvaluation<?>[] {new ROCMultiClass(0)};
        }

        @Override
        ObjectNode report(IEvaluation<?>[] merged) {
            ROCMultiClass roc = (ROCMultiClass) merged[0];
            ObjectNode json = Json.object();
            json.put("kind", "roc");
            json.put("stats", roc.stats());
            ArrayNode curves = json.putArray("curves");
            for (int c = 0; c < roc.getNumClasses(); c++) {
                curve(curves.addObject(), roc.getRocCurve(c), roc.calculateAUC(c), roc.calculateAUCPR(c));
            }
            return json;
        }
    };

    abstract IEvaluation<?>[] create();

    /** DL4J counts classes, and draws curves, for examples and time steps as wholes. */
    final void check(Span output) {
        boolean byValue = output.mask != null && output.shape.length == 1 && output.mask.size > 1;
        if (byValue && this != SCORE && this != REGRESSION) {
            throw BridgeException.data(output.mask.name() + " is by output value, which only scores and regression take; "
                    + "give one number per example");
        }
    }

    abstract ObjectNode report(IEvaluation<?>[] merged);

    @SuppressWarnings({"unchecked", "rawtypes"})
    void merge(IEvaluation<?>[] into, IEvaluation<?>[] from) {
        for (int i = 0; i < into.length; i++) {
            ((IEvaluation) into[i]).merge(from[i]);
        }
    }

    private static void curve(ObjectNode json, RocCurve curve, double auc, double aucpr) {
        json.put("auc", auc);
        json.put("auc_pr", aucpr);
        put(json.putArray("false_positive_rate"), curve.getFpr());
        put(json.putArray("true_positive_rate"), curve.getTpr());
        put(json.putArray("threshold"), curve.getThreshold());
    }

    private static void put(ArrayNode array, double[] values) {
        for (double value : values) {
            array.add(value);
        }
    }
}
