package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 16, 17, 100, 1000, 4097, 65_536})
    void everyElementHasOnePlaceAndFindsItBack(int n) {
        Permutation order = Permutation.of(n, 42, 7);
        BitSet seen = new BitSet(n);
        for (int position = 0; position < n; position++) {
            long element = order.at(position);
            assertTrue(element >= 0 && element < n);
            seen.set((int) element);
            assertEquals(position, order.positionOf(element));
        }
        assertEquals(n, seen.cardinality());
    }

    @Test
    void theSeedDecides() {
        assertEquals(Permutation.of(1000, 1, 2).at(500), Permutation.of(1000, 1, 2).at(500));
        int alike = 0;
        for (int i = 0; i < 1000; i++) {
            alike += Permutation.of(1000, 1, 2).at(i) == Permutation.of(1000, 1, 3).at(i) ? 1 : 0;
        }
        assertTrue(alike < 20, "two seeds agree in " + alike + " of 1000 places");
        assertNotEquals(Permutation.of(1000, 1, 2).at(1), Permutation.of(1000, 2, 1).at(1));
    }

    /** Sorted data must not stay in runs: neighbours go far apart on the average. */
    @Test
    void neighboursPart() {
        int n = 10_000;
        Permutation order = Permutation.of(n, 5);
        double distance = 0;
        for (int i = 1; i < n; i++) {
            distance += Math.abs(order.at(i) - order.at(i - 1));
        }
        assertEquals(n / 3.0, distance / (n - 1), n / 20.0); // what independent draws would give
    }

    @Test
    void identityLeavesAllInPlace() {
        Permutation order = Permutation.identity(10);
        assertEquals(7, order.at(7));
        assertEquals(7, order.positionOf(7));
    }
}
