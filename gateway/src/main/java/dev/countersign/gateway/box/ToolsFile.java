package dev.countersign.gateway.box;

import dev.countersign.config.ConfigException;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.Problems;
import dev.countersign.gateway.tools.ToolReader;
import dev.countersign.gateway.tools.Tools;
import java.nio.file.Path;
import java.util.Set;

/// The tools' own YAML file.
public final class ToolsFile {
  private ToolsFile() {}

  /// Reads it.
  ///
  /// @param databases the names that the gateway's configuration knows
  /// @param problems takes everything that is wrong, as `file:line: key: message`; use the result
  ///   only if there is nothing
  /// @throws ConfigException if the file cannot be read at all
  public static Tools read(Path file, Set<String> databases, Problems problems) {
    return ToolReader.read(ConfigFile.read(file, problems), databases);
  }
}
