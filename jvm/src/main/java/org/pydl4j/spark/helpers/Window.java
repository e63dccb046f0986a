package org.pydl4j.spark.helpers;

/** A window that slides over images of one shape [channels, height, width], and what it sees at each place. */
final class Window {

    private final int channels;
    private final int height;
    private final int width;
    private final int[] kernel;
    private final int[] stride;
    private final int[] pad;
    private final int[] dilation;
    private final int outHeight;
    private final int outWidth;

    Window(int channels, int height, int width, int[] kernel, int[] stride, int[] pad, int[] dilation, int outHeight,
            int outWidth) {
        this.channels = channels;
        this.height = height;
        this.width = width;
        this.kernel = kernel;
        this.stride = stride;
        this.pad = pad;
        this.dilation = dilation;
        this.outHeight = outHeight;
        this.outWidth = outWidth;
    }

    /** The numbers in one image. */
    long image() {
        return (long) channels * height * width;
    }

    /** The numbers seen at one place, in the order of a filter's weights. */
    int seen() {
        return channels * kernel[0] * kernel[1];
    }

    int places() {
        return outHeight * outWidth;
    }

    /** Writes what is seen as a matrix [seen, places]; beyond the image's edge are zeros. */
    void patches(long image, long matrix) {
        long row = matrix;
        for (int channel = 0; channel < channels; channel++) {
            for (int i = 0; i < kernel[0]; i++) {
                for (int j = 0; j < kernel[1]; j++) {
                    int from = from(j);
                    int to = Math.max(from, to(j));
                    for (int y = 0; y < outHeight; y++, row += (long) Float.BYTES * outWidth) {
                        int inY = y * stride[0] - pad[0] + i * dilation[0];
                        if (inY < 0 || inY >= height) {
                            Floats.zero(row, outWidth);
                            continue;
                        }
                        if (from > 0) {
                            Floats.zero(row, from);
                        }
                        if (to < outWidth) {
                            Floats.zero(row + (long) Float.BYTES * to, outWidth - to);
                        }
                        long line = line(image, channel, inY, j);
                        if (stride[1] == 1) {
                            Floats.copy(line + (long) Float.BYTES * from, row + (long) Float.BYTES * from, to - from);
                        } else {
                            for (int x = from; x < to; x++) {
                                Floats.put(row, x, Floats.get(line, (long) x * stride[1]));
                            }
                        }
                    }
                }
            }
        }
    }

    /** The reverse: adds a matrix [seen, places] up to the image whose numbers were seen. */
    void addUp(long matrix, long image) {
        Floats.zero(image, image());
        long row = matrix;
        for (int channel = 0; channel < channels; channel++) {
            for (int i = 0; i < kernel[0]; i++) {
                for (int j = 0; j < kernel[1]; j++) {
                    int from = from(j);
                    int to = to(j);
                    for (int y = 0; y < outHeight; y++, row += (long) Float.BYTES * outWidth) {
                        int inY = y * stride[0] - pad[0] + i * dilation[0];
                        if (inY < 0 || inY >= height) {
                            continue;
                        }
                        long line = line(image, channel, inY, j);
                        for (int x = from; x < to; x++) {
                            long at = (long) x * stride[1];
                            Floats.put(line, at, Floats.get(line, at) + Floats.get(row, x));
                        }
                    }
                }
            }
        }
    }

    private long line(long image, int channel, int inY, int j) {
        return image + Float.BYTES * (((long) channel * height + inY) * width - pad[1] + (long) j * dilation[1]);
    }

    /** The first place whose column {@code j} of the window lies within the image. */
    private int from(int j) {
        int beyond = pad[1] - j * dilation[1];
        return beyond <= 0 ? 0 : Math.min(outWidth, (beyond + stride[1] - 1) / stride[1]);
    }

    /** One past the last such place. */
    private int to(int j) {
        int left = width + pad[1] - j * dilation[1];
        return left <= 0 ? 0 : Math.min(outWidth, (left + stride[1] - 1) / stride[1]);
    }
}
