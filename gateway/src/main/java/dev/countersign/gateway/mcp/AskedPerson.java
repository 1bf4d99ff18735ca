package dev.countersign.gateway.mcp;

import dev.countersign.gateway.Approval;
import dev.countersign.gateway.Cancellation;
import dev.countersign.gateway.mcp.ClientSessions.ClientSession;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import tools.jackson.databind.node.ObjectNode;

/// A person whom a client of the older revisions leads to an approval while their call is held: a
/// question on the call's own stream. What the client answers can only end the waiting.
///
/// @spec https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation Elicitation
final class AskedPerson implements AutoCloseable {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(500);

  private final ClientSessions sessions;
  private final ClientSession session;
  private final Approval approval;
  private final LiveRequest live;
  private final String question = Ids.random();
  private final Thread watch;
  private volatile boolean isDeclined;

  private AskedPerson(
      ClientSessions sessions, ClientSession session, Approval approval, LiveRequest live) {
    this.sessions = sessions;
    this.session = session;
    this.approval = approval;
    this.live = live;
    this.watch = Thread.ofVirtual().name("asked").unstarted(this::watch);
  }

  /// Asks.
  static AskedPerson ask(
      ClientSessions sessions, ClientSession session, Approval approval, LiveRequest live) {
    var asked = new AskedPerson(sessions, session, approval, live);
    ObjectNode request = StrictJson.object().put("jsonrpc", "2.0").put("id", asked.question);
    request.put("method", "elicitation/create").set("params", asked.params());
    live.tell(request);
    asked.watch.start();
    return asked;
  }

  private ObjectNode params() {
    ObjectNode params = session.way().ask(approval);
    if (session.way() == Way.PAGE) {
      params.put("elicitationId", question);
    } else {
      params.remove("mode"); // older than the word for it
    }
    return params;
  }

  /// The answer may reach any replica.
  private void watch() {
    Cancellation call = live.cancellation();
    try {
      while (!call.isCancelled()) {
        Thread.sleep(LOOK_AGAIN);
        if (sessions.isDeclined(session, question)) {
          isDeclined = true;
          call.waitNoLonger();
          return;
        }
      }
    } catch (InterruptedException over) {
      return;
    } catch (UnavailableException away) {
      return; // then the call waits for as long as it may
    }
  }

  boolean hasDeclined() {
    return isDeclined;
  }

  /// The answer where the person is not done yet, for a client that can open pages: it shows the
  /// page, and the call is made again later.
  McpRefusal refusal() {
    ObjectNode data = StrictJson.object();
    data.putArray("elicitations").add(params());
    return new McpRefusal(
        McpError.PAGE_NEEDED,
        approval.message() + " Open the page to approve or deny it, then call again.",
        data);
  }

  @Override
  public void close() {
    watch.interrupt();
  }

  /// The person has answered on the page: a client that shows it may close it.
  void done() {
    if (session.way() == Way.PAGE) {
      live.tell(
          Notices.notification(
              "notifications/elicitation/complete",
              StrictJson.object().put("elicitationId", question)));
    }
  }
}
