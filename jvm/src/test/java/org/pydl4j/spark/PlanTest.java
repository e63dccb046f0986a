package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PlanTest {

    /** Walks all rounds as training does, and sees every row once, in batches of the right size. */
    private static void check(long rows, int batch, int workers, int frequency, long bytesPerRow) {
        String what = rows + " rows, batch " + batch + ", " + workers + " workers, frequency " + frequency;
        Plan plan = new Plan(rows, batch, workers, frequency, bytesPerRow);
        BitSet seen = new BitSet();
        long minibatches = 0;
        for (long round = 0; round < plan.rounds(); round++) {
            int busy = plan.workersIn(round);
            assertTrue(busy >= 1 && busy <= workers, what);
            assertTrue(busy == workers || round == plan.rounds() - 1, what + ": idle workers before the last round");
            for (int worker = 0; worker < workers; worker++) {
                int partition = plan.partition(plan.groupOf(round), worker);
                int count = plan.endIn(partition, round) - plan.firstIn(round);
                if (worker >= busy) {
                    assertTrue(count <= 0, what + ": work for a worker that is not asked");
                    continue;
                }
                assertTrue(count >= 1 && count <= frequency, what);
                assertTrue(count == frequency || round == plan.rounds() - 1, what + ": a short round before the last");
                for (int m = plan.firstIn(round); m < plan.endIn(partition, round); m++) {
                    int from = m * batch;
                    int size = Math.min(batch, plan.rowsIn(partition) - from);
                    assertTrue(size >= 1, what);
                    minibatches++;
                    for (int i = from; i < from + size; i++) {
                        long position = plan.position(partition, i);
                        assertEquals(partition, plan.partitionOfPosition(position), what);
                        assertTrue(!seen.get((int) position), what + ": row twice");
                        seen.set((int) position);
                    }
                }
            }
        }
        assertEquals(rows, seen.cardinality(), what);
        assertEquals((rows + batch - 1) / batch, minibatches, what + ": batches of another size than asked for");
    }

    @Test
    void everyRowOnceForAnyNumbers() {
        Random random = new Random(1);
        for (int i = 0; i < 3000; i++) {
            check(1 + random.nextInt(2000), 1 + random.nextInt(70), 1 + random.nextInt(6), 1 + random.nextInt(8),
                    1L << random.nextInt(22));
        }
    }

    @Test
    void theAmountsThatTheStockMasterRoundsDown() {
        for (long rows : new long[] {200, 640, 1000, 1200, 1279, 2000, 5000}) {
            check(rows, 64, 2, 5, 4 * 794);
        }
    }

    @Test
    void aRoundTakesTurns() {
        Plan plan = new Plan(12, 2, 2, 1, 4);
        // Joined over the workers, round 0 is rows 0 to 3: what one machine would train in a batch of four.
        assertEquals(0, plan.position(plan.partition(0, 0), 0));
        assertEquals(2, plan.position(plan.partition(0, 1), 0));
        assertEquals(4, plan.position(plan.partition(0, 0), 2));
    }
}
