package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.vault.WrappedAnswers;
import dev.countersign.broker.vault.Wrapping;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import io.helidon.http.Method;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.node.ObjectNode;

/// What Vault's clients ask of `sys` besides leases: health, mounts, wrapped answers.
final class SystemRoutes {
  private static final String HEALTH = "/v1/sys/health";
  private static final String MOUNTS = "/v1/sys/mounts";
  private static final String MOUNT_OF = "/v1/sys/internal/ui/mounts/";
  private static final String UNWRAP = "/v1/sys/wrapping/unwrap";
  private static final String LOOKUP = "/v1/sys/wrapping/lookup";
  private static final Map<String, String> TYPES =
      Map.of("database/", "database", "verify-rar/", "verify-rar");
  private static final int UNAVAILABLE = 503;

  private final Wrapping wrapping;
  private final Requests requests;
  private final Answers answers;
  private final BooleanSupplier isUp;
  private final InstantSource clock;

  /// @param isUp whether the broker's own database answers
  SystemRoutes(
      Wrapping wrapping,
      Requests requests,
      Answers answers,
      BooleanSupplier isUp,
      InstantSource clock) {
    this.wrapping = wrapping;
    this.requests = requests;
    this.answers = answers;
    this.isUp = isUp;
    this.clock = clock;
  }

  void install(HttpRouting.Builder routing) {
    routing.get(HEALTH, this::health);
    routing.route(
        Method.HEAD, HEALTH, (request, response) -> Http.empty(response, status(request)));
    Paths.read(routing, MOUNTS, this::mounts);
    Paths.read(routing, MOUNT_OF + "*", this::mountOf);
    Paths.write(routing, UNWRAP, this::unwrap);
    Paths.write(routing, LOOKUP, this::lookup);
    Paths.nothingElse(routing, HEALTH, MOUNTS, MOUNT_OF + "*", UNWRAP, LOOKUP);
  }

  /// The one path that asks for nothing and so tells nothing about the set-up. A broker whose own
  /// database is away is what Vault calls sealed: it is there and can do nothing.
  private void health(ServerRequest request, ServerResponse response) {
    boolean up = isUp.getAsBoolean();
    Http.json(
        response,
        status(request, up),
        StrictJson.object()
            .put("initialized", true)
            .put("sealed", !up)
            .put("standby", false)
            .put("replication_performance_mode", "disabled")
            .put("replication_dr_mode", "disabled")
            .put("server_time_utc", clock.instant().getEpochSecond()));
  }

  private int status(ServerRequest request) {
    return status(request, isUp.getAsBoolean());
  }

  private static int status(ServerRequest request, boolean up) {
    String asked = up ? "activecode" : "sealedcode";
    String code = Http.query(request).getOrDefault(asked, String.valueOf(up ? 200 : UNAVAILABLE));
    if (!code.matches("[2-5][0-9]{2}")) {
      throw VaultRefusal.malformed("`" + asked + "` must be a status from 200 to 599");
    }
    return Integer.parseInt(code);
  }

  private void mounts(ServerRequest request, ServerResponse response) {
    requests.operator("mounts", request);
    ObjectNode data = StrictJson.object();
    TYPES.forEach((path, type) -> data.set(path, mount(type)));
    requests.count("mounts", "ok");
    answers.send(request, response, VaultAnswer.system(data));
  }

  // Vault's command line asks this before it reads or writes anywhere.
  private void mountOf(ServerRequest request, ServerResponse response) {
    requests.session("mounts", request);
    String path = request.path().rawPath().substring(MOUNT_OF.length());
    Map.Entry<String, String> mount =
        TYPES.entrySet().stream()
            .filter(each -> (path + "/").startsWith(each.getKey()))
            .findFirst()
            .orElseThrow(VaultRefusal::unsupportedPath);
    requests.count("mounts", "ok");
    answers.send(
        request, response, VaultAnswer.system(mount(mount.getValue()).put("path", mount.getKey())));
  }

  private static ObjectNode mount(String type) {
    ObjectNode mount = StrictJson.object();
    mount
        .put("type", type)
        .put("accessor", type + "_countersign")
        .put("description", "logins for one approved request")
        .put("local", false)
        .put("seal_wrap", false)
        .put("external_entropy_access", false)
        .put("uuid", type);
    mount.putObject("config").put("default_lease_ttl", 300).put("max_lease_ttl", 3_600);
    mount.putNull("options");
    return mount;
  }

  private void unwrap(ServerRequest request, ServerResponse response) {
    ObjectNode answer =
        wrapping.unwrap(wrappingToken("unwrap", request)).orElseThrow(SystemRoutes::notValid);
    requests.count("unwrap", "ok");
    Http.json(response, 200, answer);
  }

  private void lookup(ServerRequest request, ServerResponse response) {
    WrappedAnswers.Kept kept =
        wrapping
            .lookup(wrappingToken("wrapping-lookup", request))
            .orElseThrow(SystemRoutes::notValid);
    requests.count("wrapping-lookup", "ok");
    Http.json(
        response,
        200,
        VaultAnswer.data(
            StrictJson.object()
                .put("creation_path", kept.path())
                .put("creation_time", VaultAnswer.time(kept.createdAt()))
                .put(
                    "creation_ttl",
                    Duration.between(kept.createdAt(), kept.expiresAt()).toSeconds())));
  }

  // In the body, or as the request's own token.
  private Secret wrappingToken(String operation, ServerRequest request) {
    return requests.read(
        operation,
        () -> {
          ObjectNode body = requests.body(request);
          Requests.only(body, Set.of("token"), "the body");
          return body.has("token")
              ? new Secret(Requests.text(body, "token"))
              : Requests.token(request);
        });
  }

  private static VaultRefusal notValid() {
    return VaultRefusal.malformed("wrapping token is not valid or does not exist");
  }
}
