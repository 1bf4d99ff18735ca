package dev.countersign.sts.clients;

import java.util.Optional;

/// The clients that were registered by command. Threads may share it.
public interface ClientStore {

  /// The client with this id, as any replica sees it within a second of a change.
  Optional<Client> find(String id);
}
