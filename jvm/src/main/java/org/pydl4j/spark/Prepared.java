package org.pydl4j.spark;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;

/** Something of ND4J's on its way to an executor, where the native code is prepared before it is unpacked. */
final class Prepared<T extends Serializable> implements Serializable {

    private static final long serialVersionUID = 1L;

    /** May be null. */
    final T value;

    Prepared(T value) {
        this.value = value;
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        Native.prepare();
        in.defaultReadObject();
    }
}
