package dev.countersign.protocol;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The timed parts of traces, as OpenTelemetry has them. Nothing is recorded until the process
/// names a recorder; the ids of a [TraceContext] go from box to box all the same.
///
/// A span says which box did what for how long, and under which `jti`, lease and approval. It never
/// holds a person, an argument, authorization details or a secret.
public final class Spans {
  private static final AtomicReference<@Nullable Recorder> RECORDER = new AtomicReference<>();

  private Spans() {}

  /// From now on what this process does is recorded. One recorder at a time; the newest counts.
  public static void recordWith(Recorder recorder) {
    RECORDER.set(recorder);
  }

  /// Nothing more goes to this recorder.
  public static void stopRecordingWith(Recorder recorder) {
    RECORDER.compareAndSet(recorder, null);
  }

  /// A box's part of the caller's trace, or of a new one; to be ended by the caller of this.
  ///
  /// @param traceparent what the caller sent, or the empty text
  public static Span entering(String box, String name, String traceparent) {
    Recorder recorder = RECORDER.get();
    return recorder == null
        ? new Unrecorded(TraceContext.entering(traceparent))
        : recorder.begin(new Start(box, Kind.SERVER, name, TraceContext.caller(traceparent)));
  }

  /// Runs work under the trace that a message names, where that is another than the request's: a
  /// client may name it in the message alone.
  ///
  /// @param traceparent what the message names, or the empty text
  public static <T> T continuing(String box, String name, String traceparent, Supplier<T> work) {
    Optional<TraceContext> named = TraceContext.caller(traceparent);
    Optional<TraceContext> current = TraceContext.current();
    boolean isAnother =
        named.isPresent()
            && !current.map(TraceContext::traceId).equals(named.map(TraceContext::traceId));
    return isAnother ? run(entering(box, name, traceparent), work) : work.get();
  }

  /// Runs work as a part of its own of the current trace, such as a call to somebody else.
  public static <T> T calling(String box, String name, Supplier<T> work) {
    Recorder recorder = RECORDER.get();
    Optional<TraceContext> current = TraceContext.current();
    return recorder == null || current.isEmpty()
        ? work.get()
        : run(recorder.begin(new Start(box, Kind.CLIENT, name, current)), work);
  }

  /// Adds an id to the span that this thread's work is part of.
  public static void note(String key, String value) {
    Recorder recorder = RECORDER.get();
    if (recorder != null && !value.isEmpty()) {
      TraceContext.current().ifPresent(context -> recorder.note(context, key, value));
    }
  }

  private static <T> T run(Span span, Supplier<T> work) {
    boolean failed = true;
    try {
      T answer = span.context().call(work);
      failed = false;
      return answer;
    } finally {
      if (failed) {
        span.fail();
      }
      span.end();
    }
  }

  /// Whose side of a call a span is.
  public enum Kind {
    SERVER,
    CLIENT
  }

  /// How a span begins.
  ///
  /// @param parent the part of a trace that caused it; empty begins a trace
  public record Start(String box, Kind kind, String name, Optional<TraceContext> parent) {}

  /// Takes the spans of a process. Threads share it; it keeps nobody waiting and throws nothing.
  public interface Recorder {
    Span begin(Start start);

    /// Adds an id to a span that has begun here and has not ended.
    void note(TraceContext context, String key, String value);
  }

  /// One timed part of a trace.
  public interface Span {
    TraceContext context();

    void name(String name);

    void note(String key, String value);

    void fail();

    void end();
  }

  private record Unrecorded(TraceContext context) implements Span {
    @Override
    public void name(String name) {
      // nobody reads it
    }

    @Override
    public void note(String key, String value) {
      // nobody reads it
    }

    @Override
    public void fail() {
      // nobody reads it
    }

    @Override
    public void end() {
      // nobody reads it
    }
  }
}
