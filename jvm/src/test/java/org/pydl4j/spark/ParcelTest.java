package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import scala.Tuple2;

class ParcelTest {

    private static Examples numbered(int from, int to) {
        float[][] rows = new float[to - from][Networks.FEATURES + 1];
        for (int i = 0; i < rows.length; i++) {
            rows[i][0] = from + i;
        }
        return Networks.examples(rows);
    }

    /** Every row comes to where the plan has it, by at most one parcel of a pack to each partition. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "23, 5, 2, 2", "100, 3, 4, 1", "100, 3, 4, 50", "64, 64, 3, 1"})
    void everyRowComesToItsPlace(int rows, int batch, int workers, int frequency) {
        // So few bytes to a partition that there are several groups of rounds.
        Plan plan = new Plan(rows, batch, workers, frequency, 4 << 20);
        Permutation order = Permutation.of(rows, 9);
        List<Examples> blocks = new ArrayList<>();
        int[] placed = new int[plan.partitions()];
        for (int p = 0; p < placed.length; p++) {
            blocks.add(new Examples(Networks.spec(), plan.rowsIn(p), false, true));
        }
        int half = rows / 2;
        List<Examples> packs = List.of(numbered(0, half), numbered(half, half), numbered(half, rows));
        Iterator<Tuple2<Integer, Parcel>> parcels = Parcel.dispatch(packs.iterator(), 0, plan, order);
        int sent = 0;
        for (; parcels.hasNext(); sent++) {
            Tuple2<Integer, Parcel> parcel = parcels.next();
            placed[parcel._1()] += parcel._2().unpack(blocks.get(parcel._1()));
        }
        assertTrue(sent <= 2 * placed.length);
        for (int p = 0; p < placed.length; p++) {
            assertEquals(plan.rowsIn(p), placed[p]);
            for (int i = 0; i < placed[p]; i++) {
                assertEquals(order.at(plan.position(p, i)), blocks.get(p).floats()[i * Networks.FEATURES]);
            }
        }
    }

    @Test
    void moreRowsThanWereCountedAreRefused() {
        Plan plan = new Plan(5, 2, 1, 1, 28);
        List<Examples> packs = List.of(numbered(0, 6));
        BridgeException refused = assertThrows(BridgeException.class,
                () -> Parcel.dispatch(packs.iterator(), 0, plan, Permutation.identity(5)).hasNext());
        assertTrue(refused.getMessage().contains("the rows changed after they were counted"));
    }
}
