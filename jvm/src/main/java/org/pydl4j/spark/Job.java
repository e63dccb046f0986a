package org.pydl4j.spark;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A long piece of work in another thread, watched by short calls.
 *
 * <p>Python never waits inside one long gateway call: it polls for events, so that it can draw progress and an
 * interrupt reaches it between two polls.
 */
public class Job {

    /** What a job does; its result is text, a handle, or null. */
    interface Work {
        Object run(Job job) throws Exception;
    }

    private final BlockingQueue<ObjectNode> events = new LinkedBlockingQueue<>();
    private final Work work;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean cancelled;
    private volatile Object result;
    private volatile Throwable thrown;
    /** What {@link #tellAndWait} waits for Python to deal with; null when it waits for nothing. */
    private ObjectNode awaited;
    private boolean delivered;

    Job(Work work) {
        this.work = work;
    }

    /** Lets the work begin. */
    Job start() {
        LocalThreads.ALL.execute(this::run);
        return this;
    }

    /** In the work's own thread, before it. */
    void begin() {}

    /** Ends what the work has others do. */
    void stop() {}

    private void run() {
        ObjectNode last = Json.object();
        try {
            begin();
            result = work.run(this);
            last.put("event", "done");
        } catch (Throwable t) {
            thrown = t;
            describe(last.put("event", cancelled ? "cancelled" : "failed"), t);
        } finally {
            events.add(last);
            ended.countDown();
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

    /** Tells, and stands still until Python has dealt with it: with its next poll, or with a cancellation. */
    synchronized void tellAndWait(ObjectNode event) throws InterruptedException {
        awaited = event;
        delivered = false;
        events.add(event);
        while (awaited != null && !cancelled) {
            wait();
        }
    }

    boolean isCancelled() {
        return cancelled;
    }

    /** Everything that happened since the last poll, as a JSON array; waits a while for the first event. */
    String poll(long millis) throws InterruptedException {
        dealtWith();
        List<ObjectNode> happened = new ArrayList<>();
        ObjectNode first = events.poll(millis, TimeUnit.MILLISECONDS);
        if (first != null) {
            happened.add(first);
            events.drainTo(happened);
            delivered(happened);
        }
        return Json.write(happened);
    }

    private synchronized void delivered(List<ObjectNode> happened) {
        delivered = awaited != null && happened.contains(awaited);
    }

    private synchronized void dealtWith() {
        if (delivered) {
            awaited = null;
            delivered = false;
            notifyAll();
        }
    }

    Object result() {
        return result;
    }

    /** What the work failed with. */
    Exception failure() {
        return thrown instanceof Exception ? (Exception) thrown : new ExecutionException(thrown);
    }

    /** Ends the work and waits until its thread has cleaned up after itself. */
    void cancel(long millis) throws InterruptedException {
        synchronized (this) {
            cancelled = true;
            notifyAll();
        }
        stop();
        ended.await(millis, TimeUnit.MILLISECONDS);
    }
}
