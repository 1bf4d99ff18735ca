package dev.countersign.gateway.tools;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// An MCP server behind this gateway, as the operator describes it.
///
/// @param listToken what it wants to see before it lists its tools, where that is another thing
///   than a call's credential
/// @param recheck how old our knowledge of its tools may be when one of them is called
/// @param mappings by the tool's own name; unmapped tools do not exist here
public record Server(
    String name,
    Place place,
    Speech speech,
    Credential credential,
    Optional<Secret> listToken,
    Limits limits,
    Duration recheck,
    Map<String, Mapping> mappings) {
  public Server {
    mappings = Collections.unmodifiableMap(new LinkedHashMap<>(mappings));
  }

  /// The identifier of its tokens, where it takes them.
  public Optional<String> audience() {
    return credential instanceof Credential.OnBehalfOf(String audience)
        ? Optional.of(audience)
        : Optional.empty();
  }

  /// How it is reached.
  public sealed interface Place {
    /// Streamable HTTP.
    record Http(URI address) implements Place {}

    /// A program that speaks over its standard input and output, started by the gateway.
    ///
    /// @param environment all that it gets of ours
    record Program(List<String> command, Map<String, String> environment) implements Place {
      public Program {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
      }
    }
  }

  /// Which era of the protocol it speaks.
  public enum Speech {
    /// Found out by asking.
    AUTO,
    MODERN,
    LEGACY
  }

  /// How much one call may take.
  ///
  /// @param maxBytes the most bytes of an answer
  public record Limits(int maxBytes, Duration timeout) {
    public Limits {
      var problems = new ArrayList<String>();
      if (maxBytes < 1024 || maxBytes > 4 << 20) {
        problems.add("max-bytes must be 1024 to 4194304");
      }
      if (!timeout.isPositive() || timeout.compareTo(Duration.ofMinutes(4)) > 0) {
        problems.add("timeout must be over 0 and at most 4m, below the life of a lease");
      }
      if (!problems.isEmpty()) {
        throw new IllegalArgumentException(String.join("\n", problems));
      }
    }
  }
}
