package org.pydl4j.spark;

import java.io.Serializable;

/**
 * A permutation of 0 … n-1 chosen by a seed, computed element by element without holding it.
 *
 * <p>A four-round Feistel network over the smallest even number of bits that holds n, walked until it lands below
 * n (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). Rows can therefore find their place in the
 * shuffled order on whatever executor they are, in constant memory, and every route of the data shuffles alike.
 */
final class Permutation implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final int ROUNDS = 4;

    private final long n;
    private final long[] keys;
    private final int half;
    private final long mask;

    private Permutation(long n, long[] keys) {
        this.n = n;
        this.keys = keys;
        int bits = Math.max(2, 64 - Long.numberOfLeadingZeros(Math.max(0, n - 1)));
        this.half = (bits + 1) / 2;
        this.mask = (1L << half) - 1;
    }

    /** The order that leaves every row where it is. */
    static Permutation identity(long n) {
        return new Permutation(n, null);
    }

    static Permutation of(long n, long... seed) {
        long state = 0x9E3779B97F4A7C15L;
        for (long part : seed) {
            state = mix(state ^ part);
        }
        long[] keys = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            state = mix(state + i + 1);
            keys[i] = state;
        }
        return new Permutation(n, keys);
    }

    /** Which element stands at a position. */
    long at(long position) {
        if (keys == null) {
            return position;
        }
        long x = position;
        do {
            x = forward(x);
        } while (x >= n);
        return x;
    }

    /** At which position an element stands: the inverse of {@link #at}. */
    long positionOf(long element) {
        if (keys == null) {
            return element;
        }
        long x = element;
        do {
            x = backward(x);
        } while (x >= n);
        return x;
    }

    private long forward(long x) {
        long left = x >>> half;
        long right = x & mask;
        for (int i = 0; i < ROUNDS; i++) {
            long next = left ^ (mix(right ^ keys[i]) & mask);
            left = right;
            right = next;
        }
        return (left << half) | right;
    }

    private long backward(long x) {
        long left = x >>> half;
        long right = x & mask;
        for (int i = ROUNDS - 1; i >= 0; i--) {
            long previous = right ^ (mix(left ^ keys[i]) & mask);
            right = left;
            left = previous;
        }
        return (left << half) | right;
    }

    /** SplitMix64's finaliser (Steele, Lea and Flood, 2014). */
    static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
