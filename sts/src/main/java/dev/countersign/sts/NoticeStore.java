package dev.countersign.sts;

import java.time.Instant;
import java.util.List;

/// Notices that somebody has not been told of yet.
public interface NoticeStore {

  /// Takes due notices for one sender; no other replica takes them until `until`.
  List<Due> due(Instant now, Instant until, int limit);

  void told(String id);

  void retry(String id, Instant at);

  /// One notice.
  ///
  /// @param name who is to be told
  /// @param body a JSON object
  /// @param attempts how many times it was tried before
  record Due(String id, String name, String body, int attempts) {}
}
