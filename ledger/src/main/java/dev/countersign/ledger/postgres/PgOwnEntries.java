package dev.countersign.ledger.postgres;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.OwnEntries;
import dev.countersign.protocol.UnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;

/// Asks the database's function `own_entries` as the user of one box.
public final class PgOwnEntries implements OwnEntries {
  private static final String OWN = "SELECT * FROM ledger.own_entries(?, ?, ?)";

  private final DataSource box;

  /// @param box connections of the box's own database user
  public PgOwnEntries(DataSource box) {
    this.box = box;
  }

  @Override
  public List<LedgerRecord> of(String subject, Set<LedgerEvent> events, int limit) {
    try (Connection connection = box.getConnection();
        PreparedStatement statement = connection.prepareStatement(OWN)) {
      statement.setString(1, subject);
      statement.setArray(
          2,
          connection.createArrayOf(
              "text", events.stream().map(LedgerEvent::wireName).toArray(String[]::new)));
      statement.setInt(3, limit);
      try (ResultSet rows = statement.executeQuery()) {
        var found = new ArrayList<LedgerRecord>();
        while (rows.next()) {
          found.add(LedgerRecord.opened(PgLedgerReader.line(rows), PgLedgerReader.person(rows)));
        }
        return List.copyOf(found);
      }
    } catch (SQLException failed) {
      throw new UnavailableException("the ledger cannot be read", failed);
    }
  }
}
