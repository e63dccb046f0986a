package org.pydl4j.spark;

import java.util.UUID;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.rpc.RpcCallContext;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcEnv;
import org.apache.spark.rpc.ThreadSafeRpcEndpoint;
import org.apache.spark.util.RpcUtils;
import scala.Function1;
import scala.PartialFunction;
import scala.reflect.ClassTag;
import scala.runtime.AbstractPartialFunction;
import scala.runtime.BoxedUnit;

/**
 * The line between the tasks of a fit and its {@link Exchange} on the driver: Spark's own RPC, with its authentication
 * and encryption, in one JVM without a copy.
 *
 * <p>The one place that knows this part of Spark, which Spark keeps to itself ({@code private[spark]}, unchanged from
 * 3.5 to 4.3). What is public costs more: a job for every round, or a plugin that must be named when the session
 * starts and has to poll. Messages are made of Java's own types alone, so that no class loader has to know ours.
 */
final class Switchboard implements AutoCloseable {

    private static final String JOIN = "join";
    private static final String DELIVER = "deliver";
    private static final String AWAIT = "await";
    private static final String STATE = "state";
    private static final String TAKEN = "taken";
    private static final String AGAIN = "again";
    private static final String REFUSED = "refused";

    private final String name = "pydl4j_spark-" + UUID.randomUUID();
    private final RpcEnv env = SparkEnv.get().rpcEnv();
    private final RpcEndpointRef endpoint;

    Switchboard(Exchange exchange) {
        endpoint = env.setupEndpoint(name, new Endpoint(env, exchange));
    }

    /** What a task needs to call. */
    String name() {
        return name;
    }

    @Override
    public void close() {
        env.stop(endpoint);
    }

    private static final class Endpoint implements ThreadSafeRpcEndpoint {
        private final RpcEnv env;
        private final Exchange exchange;

        Endpoint(RpcEnv env, Exchange exchange) {
            this.env = env;
            this.exchange = exchange;
        }

        @Override
        public RpcEnv rpcEnv() {
            return env;
        }

        @Override
        public PartialFunction<Object, BoxedUnit> receiveAndReply(RpcCallContext context) {
            return new AbstractPartialFunction<>() {
                @Override
                public boolean isDefinedAt(Object message) {
                    return message instanceof Object[];
                }

                @Override
                public <A, B> B applyOrElse(A message, Function1<A, B> otherwise) {
                    try {
                        on((Object[]) message, reply(context));
                    } catch (RuntimeException | Error e) {
                        context.sendFailure(e);
                    }
                    return null;
                }
            };
        }

        private void on(Object[] message, Exchange.Reply reply) {
            long attempt = (long) message[1];
            if (message[0].equals(JOIN)) {
                exchange.join((int[]) message[2], attempt, reply);
                return;
            }
            int worker = (int) message[2];
            long round = (long) message[3];
            if (message[0].equals(AWAIT)) {
                exchange.await(worker, attempt, round, reply);
                return;
            }
            long[] counts = (long[]) message[6];
            WorkerTally.Totals totals =
                    new WorkerTally.Totals(counts[0], counts[1], Double.longBitsToDouble(counts[2]), (int) counts[3]);
            Part part = new Part((byte[]) message[4], (byte[]) message[5], totals, counts[4]);
            exchange.deliver(worker, attempt, round, part, (boolean) message[7], reply);
        }

        private static Exchange.Reply reply(RpcCallContext context) {
            return new Exchange.Reply() {
                @Override
                public void state(State state) {
                    context.reply(new Object[] {STATE, state.round, state.iteration, state.params, state.updater});
                }

                @Override
                public void taken() {
                    context.reply(new Object[] {TAKEN});
                }

                @Override
                public void again() {
                    context.reply(new Object[] {AGAIN});
                }

                @Override
                public void refuse(String reason) {
                    context.reply(new Object[] {REFUSED, reason});
                }
            };
        }
    }

    /** A task's end of the line. */
    static final class Line {
        private final RpcEndpointRef driver;
        private final long attempt = TaskContext.get().taskAttemptId();

        Line(String name) {
            SparkEnv env = SparkEnv.get();
            driver = RpcUtils.makeDriverRef(name, env.conf(), env.rpcEnv());
        }

        /** Takes up the work of some workers, perhaps in the place of an attempt that was lost; where it stands now. */
        State join(int[] workers) {
            return state(ask(JOIN, attempt, workers));
        }

        /** Hands in a worker's part of a round and goes on. */
        void deliver(int worker, long round, Part part) {
            ask(letter(worker, round, part, false));
        }

        /** Hands in a worker's part of a round and waits for all others'; gives what the next round starts from. */
        State exchange(int worker, long round, Part part) {
            Object[] answer = ask(letter(worker, round, part, true));
            while (answer[0].equals(AGAIN)) {
                TaskContext.get().killTaskIfInterrupted();
                answer = ask(AWAIT, attempt, worker, round);
            }
            return state(answer);
        }

        private Object[] letter(int worker, long round, Part part, boolean waits) {
            WorkerTally.Totals t = part.totals;
            long[] counts = {t.rows, t.minibatches, Double.doubleToRawLongBits(t.scoreSum), t.iteration, part.nanos};
            return new Object[] {DELIVER, attempt, worker, round, part.params, part.updater, counts, waits};
        }

        private Object[] ask(Object... message) {
            Object[] answer = driver.askSync(message, ClassTag.apply(Object[].class));
            if (answer[0].equals(REFUSED)) {
                throw new IllegalStateException((String) answer[1]);
            }
            return answer;
        }

        private static State state(Object[] answer) {
            return new State((long) answer[1], (int) answer[2], (byte[]) answer[3], (byte[]) answer[4]);
        }
    }
}
