package dev.countersign.server.telemetry;

import dev.countersign.protocol.Spans;
import dev.countersign.protocol.TraceContext;
import dev.countersign.server.config.TelemetrySection.TelemetrySettings;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// Sends spans to a collector by OTLP over HTTP, in groups and in the background. A collector that
/// is away or slow costs spans and nothing else: what does not fit into the queue is dropped.
/// Threads may share it.
///
/// @spec https://opentelemetry.io/docs/specs/otlp/ OTLP
public final class OtlpSpans implements Spans.Recorder, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration EVERY = Duration.ofSeconds(1);
  private static final double ALL = 100;

  private final String version;
  private final SpanProcessor processor;
  private final Sampler sampler;
  private final Map<String, Tracer> tracers = new ConcurrentHashMap<>();
  private final Map<String, Span> open = new ConcurrentHashMap<>();

  private OtlpSpans(String version, SpanProcessor processor, Sampler sampler) {
    this.version = version;
    this.processor = processor;
    this.sampler = sampler;
  }

  /// Records the spans of this process from now on, until it is closed.
  ///
  /// @param version of this program
  public static OtlpSpans start(TelemetrySettings settings, String version) {
    var exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(settings.tracesAddress().toString())
            .setConnectTimeout(PATIENCE)
            .setTimeout(PATIENCE);
    settings
        .authorization()
        .ifPresent(secret -> exporter.addHeader("Authorization", secret.reveal()));
    var processor =
        BatchSpanProcessor.builder(exporter.build())
            .setScheduleDelay(EVERY)
            .setExporterTimeout(PATIENCE)
            .build();
    var sampler = Sampler.parentBased(Sampler.traceIdRatioBased(settings.percent() / ALL));
    var spans = new OtlpSpans(version, processor, sampler);
    Spans.recordWith(spans);
    return spans;
  }

  @Override
  public Spans.Span begin(Spans.Start start) {
    Span span =
        tracer(start.box())
            .spanBuilder(start.name())
            .setSpanKind(start.kind() == Spans.Kind.SERVER ? SpanKind.SERVER : SpanKind.CLIENT)
            .setParent(start.parent().map(OtlpSpans::parent).orElseGet(Context::root))
            .startSpan();
    SpanContext ids = span.getSpanContext();
    if (span.isRecording()) {
      open.put(ids.getSpanId(), span);
    }
    var context = new TraceContext(ids.getTraceId(), ids.getSpanId(), ids.isSampled());
    return new Recorded(span, context, open);
  }

  @Override
  public void note(TraceContext context, String key, String value) {
    Span span = open.get(context.spanId());
    if (span != null) {
      span.setAttribute(key, value);
    }
  }

  // One of its own for each box, since a service name belongs to a provider; all share the queue.
  private Tracer tracer(String box) {
    return tracers.computeIfAbsent(
        box,
        name ->
            SdkTracerProvider.builder()
                .setResource(
                    Resource.create(
                        Attributes.of(
                            AttributeKey.stringKey("service.name"), name,
                            AttributeKey.stringKey("service.namespace"), "countersign",
                            AttributeKey.stringKey("service.version"), version)))
                .setSampler(sampler)
                .addSpanProcessor(processor)
                .build()
                .get("dev.countersign"));
  }

  private static Context parent(TraceContext caller) {
    return Context.root()
        .with(
            Span.wrap(
                SpanContext.createFromRemoteParent(
                    caller.traceId(),
                    caller.spanId(),
                    caller.sampled() ? TraceFlags.getSampled() : TraceFlags.getDefault(),
                    TraceState.getDefault())));
  }

  /// Sends what is left, for a few seconds at most.
  @Override
  public void close() {
    Spans.stopRecordingWith(this);
    processor.shutdown().join(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private record Recorded(Span span, TraceContext context, Map<String, Span> open)
      implements Spans.Span {
    @Override
    public void name(String name) {
      span.updateName(name);
    }

    @Override
    public void note(String key, String value) {
      span.setAttribute(key, value);
    }

    @Override
    public void fail() {
      span.setStatus(StatusCode.ERROR);
    }

    @Override
    public void end() {
      open.remove(context.spanId());
      span.end();
    }
  }
}
