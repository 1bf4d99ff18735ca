package dev.countersign.server.demo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Stands between two parties, passes every byte on, and keeps it.
final class Tap implements AutoCloseable {
  private static final Pattern REQUEST_LINE =
      Pattern.compile("(?:GET|POST|PUT|DELETE) (/\\S*) HTTP");

  private final ServerSocket door;
  private final int target;
  private final List<Line> lines = new CopyOnWriteArrayList<>();

  /// @param target the port on loopback to which everything is passed on
  Tap(int target) {
    this.target = target;
    try {
      door = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return door.getLocalPort();
  }

  /// What went over the connections of programs, both directions.
  String programs() {
    return heard(false);
  }

  /// What went over the connections on which a person's browser opened the approval page.
  String people() {
    return heard(true);
  }

  private String heard(boolean people) {
    return lines.stream()
        .filter(line -> line.isPersons() == people)
        .map(line -> line.up.text() + "\n" + line.down.text())
        .collect(Collectors.joining("\n"));
  }

  private void accept() {
    try {
      while (true) {
        Socket caller = door.accept();
        try {
          var called = new Socket(InetAddress.getLoopbackAddress(), target);
          var line = new Line(new Recording(), new Recording());
          lines.add(line);
          Thread.ofVirtual().start(() -> pass(caller, called, line.up));
          Thread.ofVirtual().start(() -> pass(called, caller, line.down));
        } catch (IOException refused) {
          caller.close(); // as the target itself would
        }
      }
    } catch (IOException closed) {
      // the tap is closed
    }
  }

  private static void pass(Socket from, Socket to, Recording recording) {
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      var buffer = new byte[8192];
      int read;
      while ((read = in.read(buffer)) > 0) {
        recording.add(buffer, read);
        out.write(buffer, 0, read);
      }
    } catch (IOException ended) {
      // one side has hung up, and so does the other
    }
  }

  @Override
  public void close() {
    try {
      door.close();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /// One connection.
  private record Line(Recording up, Recording down) {
    /// A browser opens the page and nothing else; who opens anything else is a program.
    boolean isPersons() {
      var requests = REQUEST_LINE.matcher(up.text()).results().toList();
      return !requests.isEmpty()
          && requests.stream().allMatch(request -> request.group(1).startsWith("/approve"));
    }
  }

  private static final class Recording {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    synchronized void add(byte[] buffer, int length) {
      bytes.write(buffer, 0, length);
    }

    synchronized String text() {
      return bytes.toString(StandardCharsets.ISO_8859_1);
    }
  }
}
