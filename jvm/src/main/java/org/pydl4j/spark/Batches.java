package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Takes a stream apart into lists of a given length; the last may be shorter. */
final class Batches<T> implements Iterator<List<T>> {

    private final Iterator<T> items;
    private final int size;

    private Batches(Iterator<T> items, int size) {
        this.items = items;
        this.size = size;
    }

    /** The batches one after the other, none of them made before it is asked for. */
    static <T> Stream<List<T>> of(Iterator<T> items, int size) {
        return StreamSupport.stream(
                Spliterators.spliteratorUnknownSize(new Batches<>(items, size), Spliterator.ORDERED), false);
    }

    @Override
    public boolean hasNext() {
        return items.hasNext();
    }

    @Override
    public List<T> next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        List<T> batch = new ArrayList<>(size);
        while (batch.size() < size && items.hasNext()) {
            batch.add(items.next());
        }
        return batch;
    }
}
