package dev.countersign.signals.transmit.http;

import dev.countersign.box.Http;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.MalformedEventException;
import dev.countersign.signals.transmit.Ingest;
import dev.countersign.signals.transmit.PollRequest;
import dev.countersign.signals.transmit.Polls;
import dev.countersign.signals.transmit.Stream;
import dev.countersign.signals.transmit.Streams;
import dev.countersign.signals.transmit.TokenSigner;
import dev.countersign.signals.transmit.TransmitterConfig;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The transmitter's routes.
///
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html SSF 1.0
/// @spec https://www.rfc-editor.org/rfc/rfc8936 RFC 8936
public final class TransmitterRoutes {
  private static final String NO_STREAM = "the receiver has no such stream";

  private static final String STREAMS = "streams";
  private static final Duration SOURCE_PAUSE = Duration.ofSeconds(10);

  private final TransmitterConfig config;
  private final Ingest ingest;
  private final Streams streams;
  private final Polls polls;
  private final StreamJson json;
  private final ObjectNode keySet;
  private final Callers callers;
  private final Set<String> receivers;

  public TransmitterRoutes(
      TransmitterConfig config,
      Ingest ingest,
      Streams streams,
      Polls polls,
      StreamJson json,
      TokenSigner signer,
      PresenterAssertion.Checker presenters,
      Ledger ledger,
      InstantSource clock) {
    this.config = config;
    this.ingest = ingest;
    this.streams = streams;
    this.polls = polls;
    this.json = json;
    this.keySet = signer.keySet();
    this.callers =
        new Callers(presenters, config.certificates(), new AccessTokens(config, clock), ledger);
    this.receivers =
        config.receivers().stream()
            .map(TransmitterConfig.Receiver::workload)
            .collect(Collectors.toUnmodifiableSet());
  }

  /// Adds the routes to the box's server.
  public void install(HttpRouting.Builder routing) {
    routing
        .error(
            MalformedEventException.class,
            (_, response, malformed) -> Refusal.MALFORMED.send(response, malformed.description()))
        .get(
            "/.well-known/ssf-configuration",
            (_, response) -> Http.json(response, 200, StreamJson.metadata(config)))
        .get("/ssf/jwks", (_, response) -> Http.json(response, 200, keySet))
        .post(
            "/sources/{source}/events",
            (request, response) -> callers.proven(request, response, "ingest", this::takeEvent))
        .post("/ssf/streams", managed(Scope.MANAGE, this::create))
        .get("/ssf/streams", managed(Scope.READ, this::read))
        .patch("/ssf/streams", managed(Scope.MANAGE, this::patch))
        .put("/ssf/streams", managed(Scope.MANAGE, this::put))
        .delete("/ssf/streams", managed(Scope.MANAGE, this::remove))
        .get("/ssf/status", managed(Scope.READ, this::status))
        .post("/ssf/status", managed(Scope.MANAGE, this::setStatus))
        .post("/ssf/verify", managed(Scope.MANAGE, this::verify))
        .post("/ssf/subjects/add", managed(Scope.MANAGE, this::addSubject))
        .post("/ssf/subjects/remove", managed(Scope.MANAGE, this::removeSubject))
        .post("/ssf/streams/{stream}/poll", managed(Scope.MANAGE, this::poll));
  }

  private Handler managed(Scope scope, Callers.Handler handler) {
    return (request, response) ->
        callers.allowed(
            request,
            response,
            STREAMS,
            scope,
            (workload, _, _) -> {
              if (receivers.contains(workload)) {
                handler.handle(workload, request, response);
              } else {
                callers.note(STREAMS, workload, "this workload may not have streams");
                Refusal.FORBIDDEN.send(response, "this workload may not have streams");
              }
            });
  }

  private void takeEvent(String workload, ServerRequest request, ServerResponse response) {
    String source = request.path().pathParameters().get("source");
    Optional<Ingest.Result> refused = ingest.refuseCaller(source, workload);
    Ingest.Result result =
        refused.orElseGet(() -> ingest.take(source, workload, Http.jsonBody(request)));
    switch (result) {
      case Ingest.Result.Taken(String id) ->
          Http.json(response, 201, StrictJson.object().put("jti", id));
      case Ingest.Result.UnknownSource _ -> Refusal.NOT_FOUND.send(response, result.reason());
      case Ingest.Result.Forbidden _ -> Refusal.FORBIDDEN.send(response, result.reason());
      case Ingest.Result.Malformed _ -> Refusal.MALFORMED.send(response, result.reason());
      case Ingest.Result.TooMany _ -> {
        response.header("Retry-After", Long.toString(SOURCE_PAUSE.toSeconds()));
        Refusal.TOO_SOON.send(response, result.reason());
      }
    }
  }

  private void create(String workload, ServerRequest request, ServerResponse response) {
    Optional<Stream> created = streams.create(workload, Http.jsonBody(request));
    if (created.isPresent()) {
      Http.json(response, 201, json.of(created.get()));
    } else {
      Refusal.CONFLICT.send(response, "the receiver has a stream already; one is allowed");
    }
  }

  private void read(String workload, ServerRequest request, ServerResponse response) {
    Map<String, String> query = Http.query(request);
    if (query.containsKey("stream_id")) {
      answer(response, streams.find(workload, query.getOrDefault("stream_id", "")), json::of);
    } else {
      ArrayNode list = StrictJson.array();
      streams.of(workload).forEach(stream -> list.add(json.of(stream)));
      Http.json(response, 200, list);
    }
  }

  private void patch(String workload, ServerRequest request, ServerResponse response) {
    answer(response, change(workload, request, false), json::of);
  }

  private void put(String workload, ServerRequest request, ServerResponse response) {
    answer(response, change(workload, request, true), json::of);
  }

  private Optional<Stream> change(String workload, ServerRequest request, boolean isWhole) {
    Optional<Stream> changed = streams.change(workload, Http.jsonBody(request), isWhole);
    changed.ifPresent(
        stream -> callers.noteChange(workload, stream, "delivery " + stream.delivery().method()));
    return changed;
  }

  private void addSubject(String workload, ServerRequest request, ServerResponse response) {
    subject(workload, request, response, true, 200);
  }

  private void removeSubject(String workload, ServerRequest request, ServerResponse response) {
    subject(workload, request, response, false, 204);
  }

  private void subject(
      String workload, ServerRequest request, ServerResponse response, boolean isIn, int status) {
    ObjectNode body = Http.jsonBody(request);
    if (!streams.setSubject(workload, body, isIn)) {
      Refusal.NOT_FOUND.send(response, NO_STREAM);
      return;
    }
    streams
        .find(workload, body.path("stream_id").asString(""))
        .ifPresent(stream ->
            callers.noteChange(workload, stream, isIn ? "a subject is in" : "a subject is out"));
    Http.empty(response, status);
  }

  private void remove(String workload, ServerRequest request, ServerResponse response) {
    String id = streamId(request);
    Optional<Stream> stream = streams.find(workload, id);
    if (stream.isPresent() && streams.remove(workload, id)) {
      callers.noteChange(workload, stream.get(), "deleted, with what it had not delivered");
      Http.empty(response, 204);
    } else {
      Refusal.NOT_FOUND.send(response, NO_STREAM);
    }
  }

  private void status(String workload, ServerRequest request, ServerResponse response) {
    answer(response, streams.find(workload, streamId(request)), StreamJson::status);
  }

  private void setStatus(String workload, ServerRequest request, ServerResponse response) {
    Optional<Stream> changed = streams.setStatus(workload, Http.jsonBody(request));
    changed.ifPresent(
        stream -> callers.noteChange(workload, stream, "status " + stream.status().wireName()));
    answer(response, changed, StreamJson::status);
  }

  private void verify(String workload, ServerRequest request, ServerResponse response) {
    switch (streams.verify(workload, Http.jsonBody(request))) {
      case SENT -> Http.empty(response, 204);
      case UNKNOWN_STREAM -> Refusal.NOT_FOUND.send(response, NO_STREAM);
      case TOO_SOON -> {
        response.header("Retry-After", Long.toString(Streams.VERIFICATION_INTERVAL.toSeconds()));
        Refusal.TOO_SOON.send(response, "the stream was verified just now");
      }
    }
  }

  private void poll(String workload, ServerRequest request, ServerResponse response) {
    Optional<Stream> stream = streams.find(workload, request.path().pathParameters().get("stream"));
    if (stream.isEmpty() || !(stream.get().delivery() instanceof Stream.Delivery.Poll)) {
      Refusal.NOT_FOUND.send(response, NO_STREAM);
      return;
    }
    Polls.Answer answer = polls.poll(stream.get(), PollRequest.parse(Http.jsonBody(request)));
    ObjectNode body = StrictJson.object();
    ObjectNode sets = body.putObject("sets");
    answer.tokens().forEach(sets::put);
    body.put("moreAvailable", answer.more());
    Http.json(response, 200, body);
  }

  private static String streamId(ServerRequest request) {
    String id = Http.query(request).get("stream_id");
    if (id == null) {
      throw new MalformedEventException("`stream_id` is missing");
    }
    return id;
  }

  private static void answer(
      ServerResponse response,
      Optional<Stream> stream,
      java.util.function.Function<Stream, ObjectNode> form) {
    if (stream.isPresent()) {
      Http.json(response, 200, form.apply(stream.get()));
    } else {
      Refusal.NOT_FOUND.send(response, NO_STREAM);
    }
  }
}
