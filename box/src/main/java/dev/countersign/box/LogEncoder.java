package dev.countersign.box;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.encoder.EncoderBase;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Writes one event so that nothing in it can pass for another event or drive a terminal.
final class LogEncoder extends EncoderBase<ILoggingEvent> {
  private static final DateTimeFormatter LOCAL =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneId.systemDefault());
  private static final int MAX_FRAMES = 40;
  private static final int MAX_CAUSES = 8;

  private final Logs.Format format;
  private final boolean coloured;

  LogEncoder(Logs.Format format, boolean coloured) {
    this.format = format;
    this.coloured = coloured;
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    String text =
        switch (format) {
          case HUMAN -> human(event);
          case JSON -> json(event);
        };
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }

  private String human(ILoggingEvent event) {
    var line = new StringBuilder();
    line.append(LOCAL.format(at(event))).append(' ');
    line.append(level(event.getLevel())).append(' ');
    line.append(source(event.getLoggerName())).append(": ");
    line.append(escape(event.getFormattedMessage()));
    appendStack(line, event.getThrowableProxy());
    return line.toString();
  }

  private String level(Level level) {
    String word = String.format(Locale.ROOT, "%-5s", level);
    if (!coloured) {
      return word;
    }
    String colour =
        switch (level.toInt()) {
          case Level.ERROR_INT -> "31";
          case Level.WARN_INT -> "33";
          case Level.INFO_INT -> "32";
          default -> "2";
        };
    return "\u001B[" + colour + "m" + word + "\u001B[0m";
  }

  private static String source(String logger) {
    String escaped = escape(logger);
    return escaped.substring(escaped.lastIndexOf('.') + 1);
  }

  private static String json(ILoggingEvent event) {
    ObjectNode line =
        StrictJson.object()
            .put("time", at(event).toString())
            .put("level", event.getLevel().toString())
            .put("logger", event.getLoggerName())
            .put("thread", event.getThreadName())
            .put("message", event.getFormattedMessage());
    for (Map.Entry<String, String> entry : event.getMDCPropertyMap().entrySet()) {
      line.put(entry.getKey(), entry.getValue());
    }
    if (event.getThrowableProxy() != null) {
      var stack = new StringBuilder();
      appendStack(stack, event.getThrowableProxy());
      line.put("stack", stack.toString().strip());
    }
    return escapeSeparators(StrictJson.write(line));
  }

  private static Instant at(ILoggingEvent event) {
    return event.getInstant() != null
        ? event.getInstant()
        : Instant.ofEpochMilli(event.getTimeStamp());
  }

  private static void appendStack(StringBuilder to, @Nullable IThrowableProxy thrown) {
    IThrowableProxy next = thrown;
    for (int depth = 0; next != null && depth < MAX_CAUSES; depth++) {
      to.append(depth == 0 ? "\n    " : "\n    caused by ").append(escape(next.getClassName()));
      if (next.getMessage() != null) {
        to.append(": ").append(escape(next.getMessage()));
      }
      int shown = 0;
      var frames = next.getStackTraceElementProxyArray();
      int own = frames.length - next.getCommonFrames();
      for (int i = 0; i < own && shown < MAX_FRAMES; i++, shown++) {
        to.append("\n      ").append(escape(frames[i].getSTEAsString()));
      }
      next = next.getCause();
    }
  }

  /// Writes control characters, line separators and lone surrogates as JSON escapes do.
  static String escape(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (isUnsafe(text, i)) {
        return escapeFrom(text, i);
      }
    }
    return text;
  }

  private static String escapeFrom(String text, int first) {
    var escaped = new StringBuilder(text.length() + 16).append(text, 0, first);
    for (int i = first; i < text.length(); i++) {
      if (isUnsafe(text, i)) {
        escaped.append(String.format(Locale.ROOT, "\\u%04X", (int) text.charAt(i)));
      } else {
        escaped.append(text.charAt(i));
      }
    }
    return escaped.toString();
  }

  // Also the characters that turn the direction of text, with which a line can be made to read as
  // another one.
  private static boolean isUnsafe(String text, int index) {
    char c = text.charAt(index);
    return Character.isISOControl(c)
        || c == '\u2028'
        || c == '\u2029'
        || (c >= '\u202A' && c <= '\u202E')
        || (c >= '\u2066' && c <= '\u2069')
        || isLoneSurrogate(text, index);
  }

  private static boolean isLoneSurrogate(String text, int index) {
    char c = text.charAt(index);
    if (Character.isHighSurrogate(c)) {
      return index + 1 == text.length() || !Character.isLowSurrogate(text.charAt(index + 1));
    }
    return Character.isLowSurrogate(c)
        && (index == 0 || !Character.isHighSurrogate(text.charAt(index - 1)));
  }

  // JSON allows these unescaped, but not every reader of lines does.
  private static String escapeSeparators(String json) {
    return escape(json);
  }
}
