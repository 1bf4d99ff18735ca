package dev.countersign.gateway.http;

import dev.countersign.gateway.Caller;
import dev.countersign.gateway.Cancellation;
import dev.countersign.gateway.Refusals;
import dev.countersign.gateway.RunningCalls;
import dev.countersign.gateway.SessionCheck;
import dev.countersign.gateway.mcp.Subscription;
import dev.countersign.gateway.tools.Toolbox;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.protocol.UnavailableException;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Streams that tell of changes. Each lives as long as its person's sessions and token do, and at
/// most eight of one person are open at a replica. Threads may share it.
public final class Listening {
  private static final int MOST_PER_PERSON = 8;
  private static final Duration TICK = Duration.ofSeconds(1);

  private final Toolbox tools;
  private final SessionCheck sessions;
  private final Refusals refusals;
  private final RunningCalls open = new RunningCalls(MOST_PER_PERSON);

  public Listening(Toolbox tools, SessionCheck sessions, Refusals refusals) {
    this.refusals = refusals;
    this.tools = tools;
    this.sessions = sessions;
  }

  /// Whether there is anything to tell.
  boolean isWorthwhile() {
    return !tools.tools().servers().isEmpty();
  }

  /// Whether the person's sessions are open.
  ///
  /// @throws UnavailableException if nobody can tell
  boolean admits(Caller caller) {
    boolean isOpen = sessions.isOpen(caller.presented());
    if (!isOpen) {
      refusals.record(caller.subject(), "bearer: the person's sessions were ended");
    }
    return isOpen;
  }

  /// Listens until the client, the person's sessions or this replica end.
  ///
  /// @return false, with nothing sent, if the person has too many streams already
  boolean listen(Caller caller, Subscription subscription, ServerResponse response) {
    Optional<RunningCalls.Running> begun = open.begin(caller, "", new Cancellation());
    if (begun.isEmpty()) {
      refusals.record(caller.subject(), "too many streams of this person are open");
      return false;
    }
    Tools known = tools.tools();
    try (var _ = begun.get();
        OutputStream stream = EventStream.begin(response)) {
      Optional<ObjectNode> first = subscription.acknowledgement();
      write(stream, first.map(EventStream::event).orElse(": \n\n"));
      while (isOpen(caller)) {
        Thread.sleep(TICK);
        Tools now = tools.tools();
        boolean isTold = subscription.tools() && now != known;
        known = now;
        write(stream, isTold ? EventStream.event(subscription.toolsChanged()) : ": \n\n");
      }
      Optional<ObjectNode> last = subscription.end();
      if (last.isPresent()) {
        write(stream, EventStream.event(last.get()));
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException gone) {
      return true; // nobody listens any more
    }
    return true;
  }

  /// Asked at every tick: what nobody can tell ends the stream, and the client opens another.
  private boolean isOpen(Caller caller) {
    try {
      return sessions.isOpen(caller.presented());
    } catch (UnavailableException away) {
      return false;
    }
  }

  private static void write(OutputStream stream, String text) throws IOException {
    stream.write(text.getBytes(StandardCharsets.UTF_8));
    stream.flush();
  }
}
