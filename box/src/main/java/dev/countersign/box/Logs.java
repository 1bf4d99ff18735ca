package dev.countersign.box;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import java.io.Console;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.ILoggerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/// Sets up logging: one line per event to the error stream, readable by people or as JSON. No event
/// can forge another line: control characters are escaped.
public final class Logs {
  private static final List<String> QUIET =
      List.of(
          "io.helidon",
          "org.flywaydb",
          "com.zaxxer.hikari",
          "org.postgresql",
          "com.networknt",
          "com.icegreen");
  // The one prints a stack trace for each connection that the database closed, the other for each
  // caller that hung up in the middle of a request.
  private static final List<String> TALKATIVE =
      List.of("com.zaxxer.hikari.pool.ProxyConnection", "io.helidon.webserver.http1");

  // The platform forgets loggers, and their levels, that nobody holds.
  private static final List<java.util.logging.Logger> PLATFORM =
      Stream.of("io.helidon", "org.postgresql").map(java.util.logging.Logger::getLogger).toList();

  private Logs() {}

  /// How an event is written.
  public enum Format {
    /// Time, level, source and message, coloured on a terminal.
    HUMAN,
    /// One JSON object.
    JSON
  }

  /// Sets up logging for the whole process. Later calls replace earlier ones.
  public static void configure(Format format) {
    ILoggerFactory factory = LoggerFactory.getILoggerFactory();
    if (factory instanceof LoggerContext context) {
      context.reset();
      install(context, format);
    }
    bridge();
  }

  /// Leads the platform's own logging, which Helidon uses, into ours.
  static void bridge() {
    if (!SLF4JBridgeHandler.isInstalled()) {
      SLF4JBridgeHandler.removeHandlersForRootLogger();
      SLF4JBridgeHandler.install();
      PLATFORM.forEach(logger -> logger.setLevel(java.util.logging.Level.WARNING));
    }
  }

  static void install(LoggerContext context, Format format) {
    Encoder<ILoggingEvent> encoder = new LogEncoder(format, format == Format.HUMAN && isTerminal());
    encoder.setContext(context);
    encoder.start();
    var console = new ConsoleAppender<ILoggingEvent>();
    console.setContext(context);
    console.setName("console");
    console.setTarget("System.err");
    console.setEncoder(encoder);
    console.start();
    var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.INFO);
    root.addAppender(console);
    QUIET.forEach(name -> context.getLogger(name).setLevel(Level.WARN));
    TALKATIVE.forEach(name -> context.getLogger(name).setLevel(Level.ERROR));
  }

  private static boolean isTerminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent()
        && System.getenv("NO_COLOR") == null;
  }
}
