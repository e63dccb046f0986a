package org.pydl4j.spark;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The tests share a JVM, as tasks do: like them, each class prepares it before it touches ND4J. */
public final class PreparedNative implements BeforeAllCallback {

    @Override
    public void beforeAll(ExtensionContext context) {
        Native.prepare();
    }
}
