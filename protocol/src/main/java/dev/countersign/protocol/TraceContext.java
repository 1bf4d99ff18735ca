package dev.countersign.protocol;

import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which distributed trace a call belongs to, as W3C Trace Context and OpenTelemetry name it. A box
/// takes it from the caller's `traceparent`, or begins a trace; the ledger notes it, and calls to
/// other boxes carry it on.
///
/// @param traceId 32 lower-case hexadecimal digits, not all zero
/// @param spanId this box's part of the trace: 16 such digits
/// @param sampled whether the caller records its own spans
/// @spec https://www.w3.org/TR/trace-context/#traceparent-header W3C Trace Context
public record TraceContext(String traceId, String spanId, boolean sampled) {
  /// The header that carries it.
  public static final String HEADER = "traceparent";

  private static final ScopedValue<TraceContext> CURRENT = ScopedValue.newInstance();
  private static final Pattern FORM =
      Pattern.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");
  private static final int TRACE_BYTES = 16;
  private static final int SPAN_BYTES = 8;

  /// The trace that this thread's call belongs to.
  public static Optional<TraceContext> current() {
    return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
  }

  /// A new part of the caller's trace, or of a new one where the caller names none that counts.
  ///
  /// @param header the caller's `traceparent`, or the empty text
  public static TraceContext entering(String header) {
    return caller(header)
        .map(caller -> new TraceContext(caller.traceId, digits(SPAN_BYTES), caller.sampled))
        .orElseGet(() -> new TraceContext(digits(TRACE_BYTES), digits(SPAN_BYTES), true));
  }

  /// The caller's own part of its trace, if the header names one that counts.
  ///
  /// @param header the caller's `traceparent`, or the empty text
  public static Optional<TraceContext> caller(String header) {
    Matcher form = FORM.matcher(header);
    boolean counts =
        form.matches()
            && !form.group(1).equals("ff")
            && (!form.group(1).equals("00") || form.group(5) == null)
            && !form.group(2).matches("0+")
            && !form.group(3).matches("0+");
    return counts
        ? Optional.of(
            new TraceContext(
                form.group(2), form.group(3), (Integer.parseInt(form.group(4), 16) & 1) == 1))
        : Optional.empty();
  }

  /// Runs work as a part of this trace.
  public void run(Runnable work) {
    ScopedValue.where(CURRENT, this).run(work);
  }

  /// The same for work that answers.
  public <T> T call(Supplier<T> work) {
    return ScopedValue.where(CURRENT, this).call(work::get);
  }

  /// The header's value for a call to another box.
  public String header() {
    return "00-" + traceId + "-" + spanId + (sampled ? "-01" : "-00");
  }

  private static String digits(int bytes) {
    byte[] random = Ids.bytes(bytes);
    random[0] |= 1; // never all zero
    return HexFormat.of().formatHex(random);
  }
}
