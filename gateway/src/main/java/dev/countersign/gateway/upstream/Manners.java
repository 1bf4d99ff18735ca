package dev.countersign.gateway.upstream;

import dev.countersign.gateway.tools.Server.Speech;
import dev.countersign.gateway.upstream.UpstreamFailure.Kind;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Finds out which era a server speaks, and opens conversations in it. A server of the older
/// revisions that keeps sessions gets a new one for each call, so that no person's call meets what
/// another's left behind. Threads may share it.
final class Manners {
  private static final String NEWEST_LEGACY = "2025-11-25";
  private static final Set<String> LEGACY =
      Set.of(NEWEST_LEGACY, "2025-06-18", "2025-03-26", "2024-11-05");
  private static final int METHOD_NOT_FOUND = -32601;
  private static final int UNSUPPORTED_VERSION = -32022;

  private final Speech speech;
  private final Channel channel;
  private final ObjectNode client;
  private volatile @Nullable Known known;

  /// What was found out.
  ///
  /// @param opening of the channel on which it was
  private record Known(String revision, boolean hasSessions, long opening) {}

  /// What a conversation may use.
  record Line(South south, Duration timeout, int maxBytes) {}

  Manners(Speech speech, Channel channel, String version) {
    this.speech = speech;
    this.channel = channel;
    this.client = StrictJson.object().put("name", "countersign").put("version", version);
  }

  static boolean isAboutTheEra(int code) {
    return code == METHOD_NOT_FOUND || code == UNSUPPORTED_VERSION;
  }

  /// Asks again at the next conversation.
  void forget() {
    known = null;
  }

  /// @throws UpstreamFailure if the server speaks no revision that we do
  Conversation open(Line line) {
    Known found = known;
    if (found != null && found.opening == channel.opening() && !found.hasSessions) {
      return conversation(line, found.revision, "");
    }
    if (found != null && found.hasSessions) {
      return initialize(line);
    }
    boolean isModern =
        switch (speech) {
          case MODERN -> true;
          case LEGACY -> false;
          case AUTO -> discovers(line);
        };
    if (!isModern) {
      return initialize(line);
    }
    known = new Known(Conversation.MODERN, false, channel.opening());
    return conversation(line, Conversation.MODERN, "");
  }

  private boolean discovers(Line line) {
    ObjectNode reply;
    try {
      reply =
          conversation(line, Conversation.MODERN, "").ask("server/discover", StrictJson.object());
    } catch (UpstreamFailure failure) {
      if (failure.kind() == Kind.PROTOCOL) {
        return false; // an older server may answer what it does not know in any form
      }
      throw failure;
    }
    for (JsonNode version : reply.path("result").path("supportedVersions")) {
      if (version.asString("").equals(Conversation.MODERN)) {
        return true;
      }
    }
    return false;
  }

  private Conversation initialize(Line line) {
    ObjectNode params = StrictJson.object().put("protocolVersion", NEWEST_LEGACY);
    params.putObject("capabilities");
    params.set("clientInfo", client.deepCopy());
    Channel.Reply reply = conversation(line, NEWEST_LEGACY, "").reply("initialize", params);
    String revision = reply.body().path("result").path("protocolVersion").asString("");
    if (!LEGACY.contains(revision)) {
      forget();
      throw new UpstreamFailure(Kind.PROTOCOL, "it speaks no revision that we do");
    }
    Optional<String> session = reply.session();
    Conversation opened = conversation(line, revision, session.orElse(""));
    opened.tell("notifications/initialized");
    known = new Known(revision, session.isPresent(), channel.opening());
    return opened;
  }

  private Conversation conversation(Line line, String revision, String session) {
    return new Conversation(channel, line, revision, session, client);
  }
}
