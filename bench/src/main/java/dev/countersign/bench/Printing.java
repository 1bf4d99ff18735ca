package dev.countersign.bench;

import dev.countersign.protocol.StrictJson;
import picocli.CommandLine.Option;

/// How every benchmark tells its figures.
final class Printing {
  @Option(names = "--json", description = "print one JSON object instead of a table")
  private boolean json;

  void print(Report report) {
    System.out.println(json ? StrictJson.write(report.json()) : report.table());
  }
}
