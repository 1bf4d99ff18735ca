package dev.countersign.server.prove;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What one run of `countersign prove` found.
///
/// @param run its id, under which the ledger has it
/// @param installation what was attacked
/// @param properties what was claimed, with every attack that was played
public record Report(
    String run, Instant began, Instant ended, Installation installation, List<Proved> properties) {
  private static final int VERSION = 1;

  public Report {
    properties = List.copyOf(properties);
  }

  /// What was attacked.
  ///
  /// @param sts the token service's issuer
  /// @param program the version of this command
  /// @param configuration the digest of the configuration file; empty from outside
  /// @param policy the version of the policy; empty from outside
  public record Installation(
      String sts,
      String broker,
      String gateway,
      String program,
      String configuration,
      String policy) {}

  /// One property with its attacks.
  public record Proved(String name, String claim, String threat, List<Trial> trials) {
    public Proved {
      trials = List.copyOf(trials);
    }

    public Result result() {
      return trials.isEmpty()
          ? Result.UNTRIED
          : trials.stream().map(Trial::result).reduce(Result.HELD, Result::and);
    }

    public long count(Result result) {
      return trials.stream().filter(trial -> trial.result() == result).count();
    }
  }

  /// The whole run's result.
  public Result verdict() {
    return properties.isEmpty()
        ? Result.UNTRIED
        : properties.stream().map(Proved::result).reduce(Result.HELD, Result::and);
  }

  public long count(Result result) {
    return properties.stream().filter(one -> one.result() == result).count();
  }

  public ObjectNode json() {
    ObjectNode json = StrictJson.object().put("version", VERSION).put("run", run);
    json.put("verdict", verdict().wireName());
    json.put("began", began.toString()).put("ended", ended.toString());
    json.putObject("installation")
        .put("sts", installation.sts)
        .put("broker", installation.broker)
        .put("gateway", installation.gateway)
        .put("program", installation.program)
        .put("configuration", installation.configuration)
        .put("policy", installation.policy);
    var all = json.putArray("properties");
    for (Proved property : properties) {
      ObjectNode one = all.addObject().put("name", property.name);
      one.put("result", property.result().wireName());
      one.put("claim", property.claim).put("threat", property.threat);
      var attacks = one.putArray("attacks");
      property.trials.forEach(trial -> attacks.add(json(trial)));
    }
    return json;
  }

  private static ObjectNode json(Trial trial) {
    ObjectNode json = StrictJson.object().put("kind", trial.kind().name().toLowerCase(Locale.ROOT));
    json.put("attack", trial.attack());
    json.put("tried", trial.tried()).put("box", trial.box());
    json.put("expected", trial.expected()).put("saw", trial.saw());
    json.put("result", trial.result().wireName()).put("trace_id", trial.traceId());
    json.put("millis", trial.took().toMillis());
    var evidence = json.putArray("evidence");
    for (Trial.Evidence record : trial.evidence()) {
      evidence
          .addObject()
          .put("record", record.record())
          .put("event", record.event())
          .put("jti", record.jti());
    }
    return json;
  }

  /// Reads what [#json] wrote.
  ///
  /// @throws MalformedJsonException if it is something else
  static Report of(ObjectNode json) {
    if (json.path("version").asInt(0) != VERSION) {
      throw new MalformedJsonException("`version` is not one that this program knows");
    }
    try {
      JsonNode where = json.path("installation");
      var properties = new ArrayList<Proved>();
      for (JsonNode one : json.path("properties")) {
        var trials = new ArrayList<Trial>();
        one.path("attacks").forEach(attack -> trials.add(trial(attack)));
        properties.add(
            new Proved(text(one, "name"), text(one, "claim"), text(one, "threat"), trials));
      }
      return new Report(
          text(json, "run"),
          Instant.parse(text(json, "began")),
          Instant.parse(text(json, "ended")),
          new Installation(
              text(where, "sts"),
              text(where, "broker"),
              text(where, "gateway"),
              text(where, "program"),
              text(where, "configuration"),
              text(where, "policy")),
          properties);
    } catch (DateTimeException | IllegalArgumentException malformed) {
      throw new MalformedJsonException("the report has a member of another form");
    }
  }

  private static Trial trial(JsonNode json) {
    var evidence = new ArrayList<Trial.Evidence>();
    json.path("evidence")
        .forEach(one ->
            evidence.add(
                new Trial.Evidence(text(one, "record"), text(one, "event"), text(one, "jti"))));
    return new Trial(
        Trial.Kind.valueOf(text(json, "kind").toUpperCase(Locale.ROOT)),
        text(json, "attack"),
        text(json, "tried"),
        text(json, "box"),
        text(json, "expected"),
        text(json, "saw"),
        Result.valueOf(text(json, "result").toUpperCase(Locale.ROOT)),
        evidence,
        text(json, "trace_id"),
        Duration.ofMillis(json.path("millis").asLong(0)));
  }

  private static String text(JsonNode json, String name) {
    return json.path(name).asString("");
  }
}
