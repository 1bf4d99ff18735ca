package dev.countersign.bench;

import dev.countersign.agent.CallOutcome;
import dev.countersign.server.demo.Rehearsal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;

/// What guarding costs: `list_cases` through gateway, exchange, mint, connect, statement and
/// revoke, interleaved with the same statement by "connect as a fixed login, run, disconnect".
final class CallBench {
  private static final int WARM_UP = 30;
  private static final String STATEMENT =
      "SELECT case_id, customer, product, currency, paid, refunded, status"
          + " FROM refunds.cases ORDER BY opened_at DESC, case_id";

  private final int rounds;

  CallBench(int rounds) {
    this.rounds = rounds;
  }

  Report run() throws SQLException {
    try (var rehearsal = Rehearsal.open()) {
      for (int i = 0; i < WARM_UP; i++) {
        guarded(rehearsal);
        plain(rehearsal);
      }
      double[] guarded = new double[rounds];
      double[] plain = new double[rounds];
      for (int i = 0; i < rounds; i++) {
        guarded[i] = guarded(rehearsal);
        plain[i] = plain(rehearsal);
      }
      Arrays.sort(guarded);
      Arrays.sort(plain);
      return new Report(
          "call",
          List.of(
              Figure.of("guarded call, p50", at(guarded, 0.50), "ms"),
              Figure.of("guarded call, p95", at(guarded, 0.95), "ms"),
              Figure.of("guarded call, p99", at(guarded, 0.99), "ms"),
              Figure.of("connect, statement, disconnect, p50", at(plain, 0.50), "ms"),
              Figure.of("ratio of the medians", at(guarded, 0.50) / at(plain, 0.50), "times")));
    }
  }

  private static double guarded(Rehearsal rehearsal) {
    long begin = System.nanoTime();
    CallOutcome outcome = rehearsal.listCases();
    double millis = (System.nanoTime() - begin) / 1e6;
    if (!(outcome instanceof CallOutcome.Done)) {
      throw new IllegalStateException("the call was not permitted: " + outcome);
    }
    return millis;
  }

  private static double plain(Rehearsal rehearsal) throws SQLException {
    var login = rehearsal.superuser();
    long begin = System.nanoTime();
    try (Connection connection =
            DriverManager.getConnection(login.url(), login.user(), login.password().reveal());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(STATEMENT)) {
      while (rows.next()) {
        rows.getString(1);
      }
    }
    return (System.nanoTime() - begin) / 1e6;
  }

  private static double at(double[] sorted, double quantile) {
    return sorted[(int) Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))];
  }
}
