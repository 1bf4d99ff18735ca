package dev.countersign.sts;

import java.time.Instant;
import java.util.List;
import java.util.Set;

/// Notices that somebody has not been told of yet.
public interface NoticeStore {

  /// Takes due notices for one sender; no other replica takes them until `until`.
  List<Due> due(Instant now, Instant until, int limit);

  /// Keeps that a channel has taken a notice, so that it does not get it again.
  void reached(String id, Channel channel, Instant at);

  /// Forgets a notice that all have.
  void told(String id);

  void retry(String id, Instant at);

  /// One notice.
  ///
  /// @param name who is to be told
  /// @param body a JSON object
  /// @param attempts how many times it was tried before
  /// @param reached the channels that have it
  record Due(String id, String name, String body, int attempts, Set<Channel> reached) {
    public Due {
      reached = Set.copyOf(reached);
    }
  }

  /// A way that a notice takes.
  enum Channel {
    MAIL,
    WEBHOOK
  }
}
