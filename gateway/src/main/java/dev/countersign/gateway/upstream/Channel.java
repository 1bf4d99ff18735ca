package dev.countersign.gateway.upstream;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/// A way to one server: carries a message there and the answer back, whatever the era. Threads may
/// share it.
public interface Channel extends AutoCloseable {

  /// Sends a request and waits for the answer with its `id`. Requests and notifications of the
  /// server in between are not taken up: nothing was offered to it.
  ///
  /// @throws UpstreamFailure if there is none that can be used
  Reply ask(Message message);

  /// Sends a notification.
  ///
  /// @throws UpstreamFailure if it cannot be sent
  void tell(Message message);

  /// Ends a session of the older revisions, if the server likes.
  void end(Message message);

  /// Counts how often the way was opened anew: what was agreed on before is then gone.
  long opening();

  @Override
  void close();

  /// One message on its way.
  ///
  /// @param headers the protocol's own
  /// @param notices takes what the server says before it answers
  record Message(
      ObjectNode body,
      Map<String, String> headers,
      South south,
      Duration timeout,
      int maxBytes,
      Consumer<ObjectNode> notices) {
    public Message {
      headers = Map.copyOf(headers);
    }

    /// One before whose answer nothing is listened to.
    public Message(
        ObjectNode body, Map<String, String> headers, South south, Duration timeout, int maxBytes) {
      this(body, headers, south, timeout, maxBytes, _ -> {});
    }
  }

  /// An answer.
  ///
  /// @param body with `result` or `error`
  record Reply(ObjectNode body, Optional<String> session) {}
}
