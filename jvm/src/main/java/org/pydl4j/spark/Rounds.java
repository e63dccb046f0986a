package org.pydl4j.spark;

import java.io.Serializable;

/** A run of a plan's rounds that one Spark job trains: all in one group of partitions. */
final class Rounds implements Serializable {

    private static final long serialVersionUID = 1L;

    final int epoch;
    /** The plan's number of the first of them. */
    final long first;
    final int count;
    /** The number of the first of them in the count of the whole fit, which the {@link Exchange} keeps. */
    final long inFit;
    /** Nothing is trained after these. */
    final boolean last;

    Rounds(int epoch, long first, int count, long inFit, boolean last) {
        this.epoch = epoch;
        this.first = first;
        this.count = count;
        this.inFit = inFit;
        this.last = last;
    }
}
