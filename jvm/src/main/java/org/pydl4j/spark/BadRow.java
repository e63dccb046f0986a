package org.pydl4j.spark;

/** A row that is not what the network takes; the scan counts these by their message. */
final class BadRow extends Exception {

    private static final long serialVersionUID = 1L;

    BadRow(String problem) {
        super(problem, null, false, false);
    }

    static BadRow isNull(String column) {
        return new BadRow("column '" + column + "' is null");
    }

    static BadRow nullElement(String column) {
        return new BadRow("column '" + column + "' holds an array with a null element");
    }

    static BadRow raggedLength(String column, int got, int channels, int steps) {
        return new BadRow("column '" + column + "' has " + got + " values, sequences are of " + channels
                + (channels == 1 ? " value" : " values") + " at each of 1 to " + steps + " time steps");
    }

    /** @param role what the expected number is, as in "the network takes" */
    static BadRow wrongLength(String column, int got, int expected, String role) {
        return new BadRow("column '" + column + "' has " + got + (got == 1 ? " value, " : " values, ") + role + " "
                + expected);
    }
}
