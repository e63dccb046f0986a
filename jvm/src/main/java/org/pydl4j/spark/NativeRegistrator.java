package org.pydl4j.spark;

import com.esotericsoftware.kryo.Kryo;
import org.apache.spark.serializer.KryoRegistrator;

/**
 * Registers nothing; it comes before ND4J's own registrator, which brings up ND4J on an executor before any task runs.
 */
public final class NativeRegistrator implements KryoRegistrator {

    @Override
    public void registerClasses(Kryo kryo) {
        Native.prepare();
    }
}
