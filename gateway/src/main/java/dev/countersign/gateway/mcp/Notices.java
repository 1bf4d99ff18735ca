package dev.countersign.gateway.mcp;

import static dev.countersign.gateway.mcp.McpError.INVALID_PARAMS;

import dev.countersign.gateway.Progress;
import dev.countersign.protocol.StrictJson;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/// What a client hears of its request before the answer, as far as it asked for it: progress by a
/// token of its own, and log messages from a level on. Threads may share it.
///
/// @spec https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/progress Progress
final class Notices implements Progress {
  static final String LEVEL_KEY = "io.modelcontextprotocol/logLevel";

  /// From the least severe on (RFC 5424).
  static final List<String> LEVELS =
      List.of("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency");

  private static final String LEVEL = "info";
  private static final int MAX_TOKEN = 256;
  private static final int STAGES = 3;

  private final LiveRequest live;
  private final String subject;
  private final JsonNode token;
  private final boolean logs;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable BigDecimal last;

  private Notices(LiveRequest live, String subject, JsonNode token, boolean logs) {
    this.live = live;
    this.subject = subject;
    this.token = token;
    this.logs = logs;
  }

  /// @param subject what the messages are about, such as a tool's name
  /// @param sessionLevel the level of the older revisions' session
  /// @throws McpRefusal if the token or the level is none
  static Notices of(
      Era era, ObjectNode params, LiveRequest live, String subject, Optional<String> sessionLevel) {
    JsonNode meta = params.path("_meta");
    JsonNode token = meta.path("progressToken");
    boolean isToken =
        (token.isString() && token.stringValue().length() <= MAX_TOKEN)
            || (token.isIntegralNumber() && token.canConvertToLong());
    if (!token.isMissingNode() && !isToken) {
      throw new McpRefusal(INVALID_PARAMS, "`progressToken` must be a text or a whole number");
    }
    Optional<String> level =
        switch (era) {
          case MODERN ->
              meta.has(LEVEL_KEY) ? Optional.of(level(meta.path(LEVEL_KEY))) : Optional.empty();
          case LEGACY -> sessionLevel;
        };
    boolean logs = level.filter(least -> isAtLeast(least)).isPresent();
    return new Notices(live, subject, isToken ? token : MissingNode.getInstance(), logs);
  }

  /// A level, as it may be.
  ///
  /// @throws McpRefusal if it is none
  static String level(JsonNode level) {
    if (!level.isString() || !LEVELS.contains(level.stringValue())) {
      throw new McpRefusal(
          INVALID_PARAMS, "the log level must be one of: " + String.join(", ", LEVELS));
    }
    return level.stringValue();
  }

  private static boolean isAtLeast(String least) {
    return LEVELS.indexOf(LEVEL) >= LEVELS.indexOf(least);
  }

  /// Whether the client wants to hear anything.
  boolean areWanted() {
    return logs || !token.isMissingNode();
  }

  @Override
  public void at(Step step) {
    switch (step) {
      case Step.Reached(Stage stage) -> {
        String name = stage.name().toLowerCase(Locale.ROOT);
        int number =
            switch (stage) {
              case AUTHORIZED -> 1;
              case READY -> 2;
              case ENDED -> STAGES;
            };
        progress(BigDecimal.valueOf(number), Optional.of(BigDecimal.valueOf(STAGES)), name);
        log(name);
      }
      case Step.Elsewhere(BigDecimal number, Optional<BigDecimal> total, String text) ->
          progress(number, total, text);
    }
  }

  private void log(String stage) {
    if (logs) {
      ObjectNode params = StrictJson.object().put("level", LEVEL).put("logger", "countersign");
      params.putObject("data").put("subject", subject).put("stage", stage);
      live.tell(notification("notifications/message", params));
    }
  }

  /// Only ever more, as the protocol wants it.
  private void progress(BigDecimal number, Optional<BigDecimal> total, String text) {
    if (token.isMissingNode()) {
      return;
    }
    lock.lock();
    try {
      if (last != null && number.compareTo(last) <= 0) {
        return;
      }
      last = number;
    } finally {
      lock.unlock();
    }
    ObjectNode params = StrictJson.object();
    params.set("progressToken", token);
    params.put("progress", number);
    total.ifPresent(known -> params.put("total", known));
    if (!text.isEmpty()) {
      params.put("message", text);
    }
    live.tell(notification("notifications/progress", params));
  }

  static ObjectNode notification(String method, ObjectNode params) {
    ObjectNode message = StrictJson.object().put("jsonrpc", "2.0").put("method", method);
    message.set("params", params);
    return message;
  }
}
