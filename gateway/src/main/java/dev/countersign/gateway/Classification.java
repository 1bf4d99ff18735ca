package dev.countersign.gateway;

import dev.countersign.gateway.tools.Elevation;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.gateway.tools.Work;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Looks at a record before a call of it, with a token and a login of its own, and says whether the
/// call must ask for more. Only that leaves here: the record does not. What cannot be read for any
/// reason is a record that asks for more. Threads may share it.
final class Classification {
  private final Authorizer authorizer;
  private final StatementCall statements;
  private final Ledger ledger;

  Classification(Authorizer authorizer, StatementCall statements, Ledger ledger) {
    this.authorizer = authorizer;
    this.statements = statements;
    this.ledger = ledger;
  }

  /// The tool as this call has to ask for it.
  ///
  /// @param arguments checked
  Tool of(Caller caller, Tool tool, ObjectNode arguments, Cancellation cancellation) {
    Optional<Elevation> elevation = tool.elevation();
    return elevation.isEmpty() || !isMet(elevation.get(), caller, arguments, cancellation)
        ? tool
        : elevation.get().elevated();
  }

  private boolean isMet(
      Elevation elevation, Caller caller, ObjectNode arguments, Cancellation cancellation) {
    Tool probe = elevation.probe();
    var entry = new CallEntry(ledger, caller, probe);
    try {
      AuthorizationDetails details = probe.details(arguments);
      var ask =
          new Authorizer.Ask(caller, probe, details, Duration.ZERO, Optional.empty(), cancellation);
      return switch (authorizer.authorize(ask, entry)) {
        case Authorizer.Authorization.Granted(Secret token) ->
            !(read(new GrantedCall(probe, arguments, token, entry, cancellation, Progress.UNHEARD))
                    instanceof CallResult.Completed(ObjectNode record, _))
                || elevation.when().isMet(record);
        case Authorizer.Authorization.Ended _ -> true;
      };
    } catch (Ledger.LedgerAway away) {
      throw away;
    } catch (WireException unusable) {
      entry.refuse("gateway", "the probe: " + unusable.description());
      return true;
    } catch (UnavailableException away) {
      entry.refuse("gateway", "unavailable: " + away.getMessage());
      return true;
    }
  }

  private CallResult read(GrantedCall call) {
    return switch (call.tool().work()) {
      case Work.Sql sql -> statements.run(call, sql);
      case Work.Behind _ -> throw new IllegalStateException("a probe is a statement of our own");
    };
  }
}
