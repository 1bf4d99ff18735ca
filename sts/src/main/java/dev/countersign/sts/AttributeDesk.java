package dev.countersign.sts;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Attribute;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import tools.jackson.databind.node.ObjectNode;

/// Reads and writes attributes for the workloads that may. Who wrote what about whom is in the
/// ledger before it counts; values are not.
///
/// Threads may share it.
public final class AttributeDesk {
  private static final int MOST_CHANGES = 1000;

  private final Map<String, AttributeAdmin> admins;
  private final AttributeStore store;
  private final Ledger ledger;
  private final InstantSource clock;

  /// @param admins by name
  public AttributeDesk(
      Map<String, AttributeAdmin> admins,
      AttributeStore store,
      Ledger ledger,
      InstantSource clock) {
    this.admins = Map.copyOf(admins);
    this.store = store;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Every attribute of one person.
  public Map<String, Attribute> of(String subject) {
    return store.all(subject);
  }

  /// Writes all changes or none.
  ///
  /// @param by the name of the workload
  /// @throws WireException naming the change that is not acceptable
  public void change(String by, List<AttributeStore.Change> changes) {
    if (changes.isEmpty() || changes.size() > MOST_CHANGES) {
      throw refused(by, "attributes must be a list of 1 to 1000 changes");
    }
    AttributeAdmin admin = admins.get(by);
    var seen = new TreeSet<String>();
    for (int i = 0; i < changes.size(); i++) {
      AttributeStore.Change change = changes.get(i);
      String where = "attributes[" + i + "]: ";
      if (!AttributeStore.isKey(change.subject())) {
        throw refused(by, where + "subject must be anchor|id, or thing:key");
      }
      if (admin == null || !admin.names().contains(change.name())) {
        throw refused(by, where + "name is not one that this workload may write");
      }
      if (change.value() != null
          && StrictJson.write(change.value()).length() > AttributeStore.MAX_VALUE) {
        throw refused(by, where + "value is longer than 4 KiB");
      }
      if (!seen.add(change.subject() + " " + change.name())) {
        throw refused(by, where + "this attribute of this person is named twice");
      }
    }
    ledger.append(
        new LedgerEntry(
            LedgerEvent.ATTRIBUTES_WRITTEN, Ids.random(), subject(changes), story(by, changes)));
    store.change(changes, by, clock.instant());
  }

  /// Writes down that somebody tried who may not.
  public WireException refused(String by, String reason) {
    ObjectNode data = StrictJson.object().put("reason", reason);
    if (!by.isEmpty()) {
      data.put("by", by);
    }
    ledger.append(new LedgerEntry(LedgerEvent.ATTRIBUTES_REFUSED, Ids.random(), "", data));
    return new WireException(
        by.isEmpty() ? OAuthError.INVALID_CLIENT : OAuthError.INVALID_REQUEST, reason);
  }

  private static String subject(List<AttributeStore.Change> changes) {
    return changes.size() == 1 ? changes.getFirst().subject() : "";
  }

  private static ObjectNode story(String by, List<AttributeStore.Change> changes) {
    ObjectNode data = StrictJson.object().put("by", by);
    var list = data.putArray("attributes");
    for (AttributeStore.Change change : changes) {
      list.addObject()
          .put("subject", change.subject())
          .put("name", change.name())
          .put("deleted", change.value() == null);
    }
    return data;
  }
}
