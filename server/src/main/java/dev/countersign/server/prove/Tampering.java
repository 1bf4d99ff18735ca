package dev.countersign.server.prove;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Copies of an export, each changed as somebody would who has something to hide.
final class Tampering {
  private static final String ENTRY = "{\"writer\":";

  private final List<String> lines;
  private final int victim;

  /// @param lines an export with a checkpoint over its entries and at least three entries in a
  ///   chain
  Tampering(List<String> lines) {
    this.lines = List.copyOf(lines);
    this.victim = victim(lines);
  }

  /// Each change in words, with what it makes of the export.
  Map<String, List<String>> all() {
    var all = new LinkedHashMap<String, List<String>>();
    all.put("an entry that was edited", edited());
    all.put("an entry that was taken out", without(victim));
    all.put("two entries in another order", swapped());
    all.put("the end of a chain that was cut off", cut());
    all.put("a chain that was taken out whole", withoutChain());
    all.put("an entry that is there twice", doubled());
    all.put("a checkpoint that was taken out", withoutCheckpoint());
    return all;
  }

  /// An entry in the middle of a chain: the ones before and behind it are of the same writer.
  private static int victim(List<String> lines) {
    for (int i = 1; i < lines.size() - 1; i++) {
      String writer = writer(lines.get(i));
      if (!writer.isEmpty()
          && writer.equals(writer(lines.get(i - 1)))
          && writer.equals(writer(lines.get(i + 1)))) {
        return i;
      }
    }
    throw new IllegalStateException("no chain has three entries yet");
  }

  private static String writer(String line) {
    return line.startsWith(ENTRY) ? line.substring(0, line.indexOf(',')) : "";
  }

  private List<String> edited() {
    var copy = new ArrayList<>(lines);
    copy.set(victim, copy.get(victim).replaceFirst("\"event\":\"", "\"event\":\"x"));
    return copy;
  }

  private List<String> without(int line) {
    var copy = new ArrayList<>(lines);
    copy.remove(line);
    return copy;
  }

  private List<String> swapped() {
    var copy = new ArrayList<>(lines);
    copy.set(victim, lines.get(victim + 1));
    copy.set(victim + 1, lines.get(victim));
    return copy;
  }

  private List<String> cut() {
    String writer = writer(lines.get(victim));
    var copy = new ArrayList<>(lines);
    int last = victim;
    for (int i = victim; i < copy.size(); i++) {
      last = writer(copy.get(i)).equals(writer) ? i : last;
    }
    copy.remove(last);
    return copy;
  }

  private List<String> withoutChain() {
    String writer = writer(lines.get(victim));
    var copy = new ArrayList<>(lines);
    copy.removeIf(line -> writer(line).equals(writer));
    return copy;
  }

  private List<String> doubled() {
    var copy = new ArrayList<>(lines);
    copy.add(victim, lines.get(victim));
    return copy;
  }

  private List<String> withoutCheckpoint() {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("{\"checkpoint\":")) {
        return without(i);
      }
    }
    throw new IllegalStateException("the ledger has no checkpoint yet");
  }
}
