package org.pydl4j.spark;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A long piece of work in a thread of its own, watched by short calls.
 *
 * <p>Python never waits inside one long gateway call: it polls for events, so that it can draw progress and an
 * interrupt reaches it between two polls. The work's Spark jobs share a group, which {@link #cancel} ends.
 */
public final class Job {

    /** What a job does; its result is text, a handle, or null. */
    interface Work {
        Object run(Job job) throws Exception;
    }

    private final JavaSparkContext context;
    private final String group = "pydl4j_spark-" + UUID.randomUUID();
    private final BlockingQueue<ObjectNode> events = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean cancelled;
    private volatile Object result;
    private volatile Throwable thrown;

    Job(JavaSparkContext context, String description, Work work) {
        this.context = context;
        this.thread = new Thread(() -> run(description, work), "pydl4j_spark " + description);
        thread.setDaemon(true);
        thread.start();
    }

    private void run(String description, Work work) {
        ObjectNode last = Json.object();
        try {
            context.setJobGroup(group, "pydl4j_spark: " + description, true);
            result = work.run(this);
            last.put("event", "done");
        } catch (Throwable t) {
            thrown = t;
            describe(last.put("event", cancelled ? "cancelled" : "failed"), t);
        } finally {
            events.add(last);
        }
    }

    private static void describe(ObjectNode event, Throwable thrown) {
        BridgeException ours = BridgeException.within(thrown);
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace));
        event.put("trace", trace.toString());
        event.put("code", ours == null ? BridgeException.Code.TRAINING.name() : ours.code());
        event.put("message", message(thrown));
    }

    /** Our own message where there is one in the chain of causes, else the innermost. */
    static String message(Throwable thrown) {
        BridgeException ours = BridgeException.within(thrown);
        return ours == null ? rootMessage(thrown) : ours.getMessage();
    }

    private static String rootMessage(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return root.getClass().getSimpleName() + ": " + String.valueOf(root.getMessage()).split("\nDriver stacktrace")[0];
    }

    void tell(ObjectNode event) {
        events.add(event);
    }

    boolean isCancelled() {
        return cancelled;
    }

    /** Everything that happened since the last poll, as a JSON array; waits a while for the first event. */
    String poll(long millis) throws InterruptedException {
        java.util.List<ObjectNode> happened = new java.util.ArrayList<>();
        ObjectNode first = events.poll(millis, TimeUnit.MILLISECONDS);
        if (first != null) {
            happened.add(first);
            events.drainTo(happened);
        }
        return Json.write(happened);
    }

    Object result() {
        return result;
    }

    /** What the work failed with. */
    Exception failure() {
        return thrown instanceof Exception ? (Exception) thrown : new ExecutionException(thrown);
    }

    /** Ends the work's Spark jobs and waits until its thread has cleaned up after itself. */
    void cancel(long millis) throws InterruptedException {
        cancelled = true;
        context.sc().cancelJobGroup(group);
        thread.join(millis);
    }
}
