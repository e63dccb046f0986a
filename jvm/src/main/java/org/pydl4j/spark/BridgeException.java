package org.pydl4j.spark;

/**
 * The one exception that crosses to Python on purpose: a code that chooses the Python class, and a message that
 * already says what was wrong, where, and what to do.
 */
public final class BridgeException extends RuntimeException {

    /** The rooms of Python's error family. */
    public enum Code { CONFIG, DATA, TRAINING, MODEL, ENGINE }

    private static final long serialVersionUID = 1L;

    private final Code code;

    public BridgeException(Code code, String message) {
        super(message);
        this.code = code;
    }

    public BridgeException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public String code() {
        return code.name();
    }

    static BridgeException config(String message, Throwable cause) {
        return new BridgeException(Code.CONFIG, message, cause);
    }

    static BridgeException data(String message) {
        return new BridgeException(Code.DATA, message);
    }

    static BridgeException model(String message, Throwable cause) {
        return new BridgeException(Code.MODEL, message, cause);
    }

    /** The first of our own exceptions in a chain of causes, or null. Spark wraps what a task throws. */
    static BridgeException within(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof BridgeException) {
                return (BridgeException) t;
            }
        }
        return null;
    }
}
