package dev.countersign.server;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.AttributeStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Reads a CSV file of attributes, line by line: a header `subject,name,value`, then one attribute
/// a line. A value that is JSON (a number, true, false, a list) keeps its type; anything else is
/// text. A field may stand in quotation marks, with those inside it doubled.
final class AttributeFile implements AttributeStore.Rows, AutoCloseable {
  private static final String HEADER = "subject,name,value";
  private static final int MOST_TOLD = 100;
  private static final int LONGEST_LINE = 16 * 1024;

  private final Path file;
  private final Set<String> anchors;
  private final BufferedReader reader;
  private final List<String> told = new ArrayList<>();
  private long problems;
  private long line;
  private AttributeStore.@Nullable Row next;
  private boolean isAtEnd;

  /// @param anchors the trust anchors that there are
  AttributeFile(Path file, Set<String> anchors) {
    this.file = file;
    this.anchors = Set.copyOf(anchors);
    try {
      reader = Files.newBufferedReader(file);
    } catch (IOException unreadable) {
      throw new UncheckedIOException("cannot read " + file, unreadable);
    }
    String header = readLine();
    if (header == null || !header.replace("\ufeff", "").strip().equals(HEADER)) {
      problem("the first line must be " + HEADER);
    }
  }

  /// What is wrong, each with its line; the first hundred and how many more there are.
  List<String> problems() {
    var all = new ArrayList<>(told);
    if (problems > told.size()) {
      all.add("and " + (problems - told.size()) + " more");
    }
    return List.copyOf(all);
  }

  /// Notes what only the whole file shows.
  void problem(long at, String message) {
    problems++;
    if (told.size() < MOST_TOLD) {
      told.add(file + ":" + at + ": " + message);
    }
  }

  @Override
  public boolean hasProblems() {
    return problems > 0;
  }

  @Override
  public boolean hasNext() {
    while (next == null && !isAtEnd) {
      String text = readLine();
      if (text == null) {
        isAtEnd = true;
      } else if (!text.isBlank()) {
        next = row(text);
      }
    }
    return next != null;
  }

  @Override
  public AttributeStore.Row next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    AttributeStore.Row row = next;
    next = null;
    return row;
  }

  private AttributeStore.@Nullable Row row(String text) {
    if (text.length() > LONGEST_LINE) {
      return problem("the line is longer than 16 KiB");
    }
    List<String> fields = fields(text.strip());
    if (fields.size() != 3) {
      return problem("must be three fields: anchor|stable id, attribute name, value");
    }
    String subject = fields.getFirst();
    if (!AttributeStore.isKey(subject)) {
      return problem("the subject must be anchor|stable id, or thing:key");
    }
    if (!AttributeStore.THING.matcher(subject).matches()
        && !anchors.contains(subject.substring(0, subject.indexOf('|')))) {
      return problem("the subject names no trust anchor of the configuration");
    }
    if (!AttributeStore.NAME.matcher(fields.get(1)).matches()) {
      return problem("the attribute's name must be a-z, 0-9 and _, at most 63");
    }
    if (fields.get(2).isEmpty()) {
      return problem("the value is missing");
    }
    JsonNode value = value(fields.get(2));
    if (value.isNull()) {
      return problem("the value must not be null");
    }
    if (value.isString() && value.stringValue().chars().anyMatch(Character::isISOControl)) {
      return problem("the value holds a control character");
    }
    if (StrictJson.write(value).length() > AttributeStore.MAX_VALUE) {
      return problem("the value is longer than 4 KiB");
    }
    return new AttributeStore.Row(line, subject, fields.get(1), value);
  }

  /// Two fields and the rest: a value may hold commas.
  private static List<String> fields(String text) {
    var fields = new ArrayList<String>();
    int at = 0;
    while (fields.size() < 2) {
      int end = text.startsWith("\"", at) ? text.indexOf("\",", at + 1) + 1 : text.indexOf(',', at);
      if (end <= at) {
        return fields;
      }
      fields.add(plain(text.substring(at, end)));
      at = end + 1;
    }
    fields.add(plain(text.substring(at)));
    return fields;
  }

  private static String plain(String field) {
    return field.length() > 1 && field.startsWith("\"") && field.endsWith("\"")
        ? field.substring(1, field.length() - 1).replace("\"\"", "\"")
        : field;
  }

  private static JsonNode value(String text) {
    try {
      return StrictJson.parse(text);
    } catch (MalformedJsonException notJson) {
      return JsonNodeFactory.instance.stringNode(text);
    }
  }

  private AttributeStore.@Nullable Row problem(String message) {
    problem(line, message);
    return null;
  }

  private @Nullable String readLine() {
    try {
      line++;
      return reader.readLine();
    } catch (CharacterCodingException malformed) {
      problem("the file is not UTF-8 from about here on");
      isAtEnd = true;
      return null;
    } catch (IOException unreadable) {
      throw new UncheckedIOException("cannot read " + file, unreadable);
    }
  }

  @Override
  public void close() {
    try {
      reader.close();
    } catch (IOException unreadable) {
      throw new UncheckedIOException("cannot read " + file, unreadable);
    }
  }
}
